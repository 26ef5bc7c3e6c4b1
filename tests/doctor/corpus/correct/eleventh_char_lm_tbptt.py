# Character language model with truncated back-propagation through time.
# The text is cut in parallel tracks; the hidden state travels from chunk to chunk.
import math

import torch
import torch.nn as nn

torch.manual_seed(64)

WORDS = ["sun", "moon", "stars", "rise", "fall", "over", "under", "sea", "hill"]
choice = torch.randint(len(WORDS), (3600,))
text = " ".join(WORDS[c] for c in choice.tolist())
chars = sorted(set("".join(WORDS) + " "))
ids = torch.tensor([chars.index(c) for c in text])

TRACKS, BPTT = 16, 25
split = int(0.85 * len(ids))


def tracks(data, n):
    usable = (len(data) - 1) // n * n
    return data[:usable].view(n, -1), data[1:usable + 1].view(n, -1)


class CharLM(nn.Module):
    def __init__(self, vocab, hidden=48):
        super().__init__()
        self.embed = nn.Embedding(vocab, 16)
        self.rnn = nn.LSTM(16, hidden, batch_first=True)
        self.out = nn.Linear(hidden, vocab)

    def forward(self, x, state=None):
        h, state = self.rnn(self.embed(x), state)
        return self.out(h), state


model = CharLM(len(chars))
opt = torch.optim.Adam(model.parameters(), lr=1e-2)
ce = nn.CrossEntropyLoss(reduction="sum")

train_in, train_out = tracks(ids[:split], TRACKS)
valid_in, valid_out = tracks(ids[split:], TRACKS)

for epoch in range(2):
    model.train()
    state = None
    for start in range(0, train_in.size(1), BPTT):
        x = train_in[:, start:start + BPTT]
        y = train_out[:, start:start + BPTT]
        if state is not None:
            state = tuple(s.detach() for s in state)
        logits, state = model(x, state)
        loss = ce(logits.flatten(0, 1), y.flatten()) / y.numel()
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        opt.step()

    model.eval()
    state, nll = None, 0.0
    with torch.no_grad():
        for start in range(0, valid_in.size(1), BPTT):
            logits, state = model(valid_in[:, start:start + BPTT], state)
            nll += ce(logits.flatten(0, 1), valid_out[:, start:start + BPTT].flatten()).item()
    print(f"epoch {epoch + 1}: valid perplexity per character {math.exp(nll / valid_out.numel()):.3f}")
