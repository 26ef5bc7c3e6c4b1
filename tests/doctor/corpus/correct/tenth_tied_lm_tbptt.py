"""Word-level LSTM language model, input and output embeddings tied, truncated BPTT."""
import math

import numpy as np
import torch
from torch import nn

VOCAB, DIM, BPTT, STREAMS = 30, 48, 20, 16


class TiedLM(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(VOCAB, DIM)
        self.drop = nn.Dropout(0.1)
        self.rnn = nn.LSTM(DIM, DIM)
        self.decoder = nn.Linear(DIM, VOCAB)
        self.decoder.weight = self.embed.weight
        nn.init.uniform_(self.embed.weight, -0.1, 0.1)
        nn.init.zeros_(self.decoder.bias)

    def forward(self, tokens, state):
        hidden, state = self.rnn(self.drop(self.embed(tokens)), state)
        return self.decoder(self.drop(hidden)), state

    def start(self, streams):
        zeros = torch.zeros(1, streams, DIM)
        return zeros, zeros.clone()


def markov_corpus(length, rng):
    table = rng.dirichlet(np.full(VOCAB, 0.1), size=VOCAB)
    text = np.empty(length, dtype=np.int64)
    text[0] = 0
    for i in range(1, length):
        text[i] = rng.choice(VOCAB, p=table[text[i - 1]])
    return torch.from_numpy(text)


def batchify(text, streams):
    usable = len(text) // streams * streams
    return text[:usable].view(streams, -1).t().contiguous()


def chunks(data):
    for i in range(0, data.size(0) - 1, BPTT):
        n = min(BPTT, data.size(0) - 1 - i)
        yield data[i:i + n], data[i + 1:i + 1 + n]


def run_epoch(model, data, loss_fn, opt=None):
    model.train(opt is not None)
    state = model.start(data.size(1))
    nll, count = 0.0, 0
    with torch.set_grad_enabled(opt is not None):
        for x, y in chunks(data):
            state = tuple(s.detach() for s in state)
            logits, state = model(x, state)
            loss = loss_fn(logits.reshape(-1, VOCAB), y.reshape(-1))
            if opt is not None:
                opt.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                opt.step()
            nll += loss.item() * y.numel()
            count += y.numel()
    return math.exp(nll / count)


def main():
    torch.manual_seed(21)
    text = markov_corpus(9000, np.random.default_rng(21))
    train, valid = batchify(text[:7500], STREAMS), batchify(text[7500:], STREAMS)
    model = TiedLM()
    opt = torch.optim.Adam(model.parameters(), lr=5e-3)
    loss_fn = nn.CrossEntropyLoss()
    for epoch in range(5):
        train_ppl = run_epoch(model, train, loss_fn, opt)
        valid_ppl = run_epoch(model, valid, loss_fn)
        print(f"epoch {epoch}: train ppl {train_ppl:.2f}, valid ppl {valid_ppl:.2f}")


if __name__ == "__main__":
    main()
