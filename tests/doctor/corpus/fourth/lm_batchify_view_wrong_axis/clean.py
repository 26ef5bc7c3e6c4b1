import math
import random

import torch
import torch.nn as nn

# Character model after the classic word_language_model example
random.seed(25)
torch.manual_seed(25)

names = ["anna", "bernd", "carla", "dora", "emil"]
verbs = ["likes", "sees", "paints", "calls"]
things = ["old cars", "the sea", "red apples", "a song"]
text = " ".join(f"{random.choice(names)} {random.choice(verbs)} {random.choice(things)}." for _ in range(1300))
chars = sorted(set(text))
stoi = {c: i for i, c in enumerate(chars)}
stream = torch.tensor([stoi[c] for c in text])
cut = int(0.9 * len(stream))


def batchify(data, bsz):
    nbatch = data.size(0) // bsz
    data = data.narrow(0, 0, nbatch * bsz)
    return data.view(bsz, -1).t().contiguous()


def get_batch(source, i, bptt):
    seq_len = min(bptt, len(source) - 1 - i)
    return source[i:i + seq_len], source[i + 1:i + 1 + seq_len]


class CharRNN(nn.Module):
    def __init__(self, ntoken, ninp=24, nhid=64):
        super().__init__()
        self.encoder = nn.Embedding(ntoken, ninp)
        self.rnn = nn.GRU(ninp, nhid)
        self.decoder = nn.Linear(nhid, ntoken)
        self.nhid = nhid

    def forward(self, tokens, hidden):
        output, hidden = self.rnn(self.encoder(tokens), hidden)
        return self.decoder(output), hidden

    def init_hidden(self, bsz):
        return next(self.parameters()).new_zeros(1, bsz, self.nhid)


BPTT, BSZ, EVAL_BSZ = 25, 20, 10
train_data = batchify(stream[:cut], BSZ)
val_data = batchify(stream[cut:], EVAL_BSZ)
model = CharRNN(len(chars))
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)


def evaluate(source):
    model.eval()
    total = 0.0
    hidden = model.init_hidden(source.size(1))
    with torch.no_grad():
        for i in range(0, len(source) - 1, BPTT):
            data, targets = get_batch(source, i, BPTT)
            output, hidden = model(data, hidden)
            total += len(data) * criterion(output.flatten(0, 1), targets.flatten()).item()
    return total / (len(source) - 1)


for epoch in range(1, 4):
    model.train()
    hidden = model.init_hidden(BSZ)
    for i in range(0, len(train_data) - 1, BPTT):
        data, targets = get_batch(train_data, i, BPTT)
        optimizer.zero_grad()
        output, hidden = model(data, hidden.detach())
        loss = criterion(output.flatten(0, 1), targets.flatten())
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 0.5)
        optimizer.step()
    val_loss = evaluate(val_data)
    print(f"epoch {epoch} | valid loss {val_loss:.3f} | ppl {math.exp(val_loss):.2f}")
