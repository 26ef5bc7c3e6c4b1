"""Character language model with truncated back-propagation: the state is carried over, the graph is not."""
import math

import torch
import torch.nn as nn
import torch.nn.functional as F


def corpus(n_sentences, seed):
    g = torch.Generator().manual_seed(seed)
    nouns, verbs, ends = ["cat", "dog", "bird", "fish"], ["sees", "likes", "hears"], [".", "!", "?"]
    pick = lambda words: words[torch.randint(len(words), (1,), generator=g).item()]
    return "".join(f"the {pick(nouns)} {pick(verbs)} the {pick(nouns)}{pick(ends)} " for _ in range(n_sentences))


def batchify(ids, columns):
    """Each column is a contiguous piece of text; time runs downwards: (T, B)."""
    rows = len(ids) // columns
    return ids[:rows * columns].view(columns, rows).t().contiguous()


def windows(data, bptt):
    for i in range(0, len(data) - 1, bptt):
        n = min(bptt, len(data) - 1 - i)
        yield data[i:i + n], data[i + 1:i + 1 + n]


def detach(state):
    return tuple(s.detach() for s in state)


class CharLSTM(nn.Module):
    def __init__(self, vocab, width=40):
        super().__init__()
        self.width = width
        self.embed = nn.Embedding(vocab, width)
        self.rnn = nn.LSTM(width, width, num_layers=1)       # batch_first=False: (T, B, C)
        self.drop = nn.Dropout(0.1)
        self.decode = nn.Linear(width, vocab)
        self.decode.weight = self.embed.weight               # tied

    def begin(self, columns):
        w = self.embed.weight
        return w.new_zeros(1, columns, self.width), w.new_zeros(1, columns, self.width)

    def forward(self, x, state):
        out, state = self.rnn(self.drop(self.embed(x)), state)
        return self.decode(self.drop(out)), state


def train_epoch(model, data, opt, bptt):
    model.train()
    state = model.begin(data.size(1))
    total, count = 0.0, 0
    for x, y in windows(data, bptt):                         # in order: shuffling would break the state
        state = detach(state)
        scores, state = model(x, state)
        loss = F.cross_entropy(scores.flatten(0, 1), y.flatten())
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 0.5)
        opt.step()
        total, count = total + loss.item() * y.numel(), count + y.numel()
    return total / count


@torch.no_grad()
def nats_per_char(model, data, bptt):
    model.eval()
    state = model.begin(data.size(1))
    total, count = 0.0, 0
    for x, y in windows(data, bptt):
        scores, state = model(x, state)                      # no graph, so no detach
        total += F.cross_entropy(scores.flatten(0, 1), y.flatten(), reduction="sum").item()
        count += y.numel()
    return total / count


@torch.no_grad()
def sample(model, itos, stoi, start, n, temperature=0.7):
    model.eval()
    state, text = model.begin(1), start
    for c in start[:-1]:
        _, state = model(torch.tensor([[stoi[c]]]), state)
    for _ in range(n):
        scores, state = model(torch.tensor([[stoi[text[-1]]]]), state)
        text += itos[torch.multinomial((scores[0, 0] / temperature).softmax(0), 1).item()]
    return text


def main():
    torch.manual_seed(6)
    train_text, val_text = corpus(350, 1), corpus(60, 2)
    itos = sorted(set(train_text))
    stoi = {c: i for i, c in enumerate(itos)}
    encode = lambda t: torch.tensor([stoi[c] for c in t])
    train, val = batchify(encode(train_text), 16), batchify(encode(val_text), 4)
    model = CharLSTM(len(itos))
    nn.init.normal_(model.embed.weight, std=0.1)              # also the output weight: they are one tensor
    nn.init.zeros_(model.decode.bias)
    opt = torch.optim.Adam(model.parameters(), lr=1e-2)       # parameters() lists the tied weight once
    sched = torch.optim.lr_scheduler.StepLR(opt, 4, gamma=0.3)
    for epoch in range(6):
        tr = train_epoch(model, train, opt, bptt=25)
        va = nats_per_char(model, val, bptt=25)
        sched.step()
        print(f"epoch {epoch}: train {tr:.3f} nats, val ppl {math.exp(va):.3f}, {va / math.log(2):.3f} bits")
    print(sample(model, itos, stoi, "the ", 60))


if __name__ == "__main__":
    main()
