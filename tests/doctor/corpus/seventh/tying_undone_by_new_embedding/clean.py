import math

import torch
import torch.nn as nn
import torch.nn.functional as F

V, D, CONTEXT = 50, 16, 3


class TiedLM(nn.Module):
    """Next word from the last three words; input and output word vectors are one matrix (Press & Wolf)."""

    def __init__(self, n_words, dim, context):
        super().__init__()
        self.embed = nn.Embedding(n_words, dim)
        nn.init.normal_(self.embed.weight, std=dim ** -0.5)
        self.mix = nn.Sequential(nn.Linear(context * dim, 64), nn.Tanh(), nn.Linear(64, dim))
        self.decoder = nn.Linear(dim, n_words)
        self.decoder.weight = self.embed.weight

    def load_vectors(self, vectors):
        with torch.no_grad():
            self.embed.weight.copy_(vectors)

    def forward(self, words):
        return self.decoder(self.mix(self.embed(words).flatten(1)))


def babble(n, gen):
    """Markov text over V words with a low-rank table of transitions."""
    table = torch.randn(V, 4, generator=gen) @ torch.randn(4, V, generator=gen)
    table = table.softmax(dim=1)
    word, text = 0, []
    for _ in range(n):
        word = torch.multinomial(table[word], 1, generator=gen).item()
        text.append(word)
    return torch.tensor(text)


def svd_vectors(text, dim):
    """Word vectors from the PPMI table of neighbouring words."""
    counts = torch.zeros(V, V)
    counts.index_put_((text[:-1], text[1:]), torch.ones(len(text) - 1), accumulate=True)
    counts = counts + counts.T
    joint = counts / counts.sum()
    marginal = joint.sum(1, keepdim=True).clamp_min(1e-8)
    ppmi = torch.log((joint / (marginal * marginal.T)).clamp_min(1.0))
    u, s, _ = torch.linalg.svd(ppmi)
    vectors = u[:, :dim] * s[:dim].sqrt()
    return vectors / vectors.norm(dim=1).mean()


def windows(text):
    w = text.unfold(0, CONTEXT + 1, 1)
    return w[:, :CONTEXT], w[:, CONTEXT]


@torch.no_grad()
def perplexity(model, x, y):
    model.eval()
    return math.exp(F.cross_entropy(model(x), y).item())


def main():
    torch.manual_seed(21)
    text = babble(8000, torch.Generator().manual_seed(1))
    train_text, valid_text = text[:6500], text[6500:]
    x, y = windows(train_text)
    xv, yv = windows(valid_text)

    model = TiedLM(V, D, CONTEXT)
    model.load_vectors(svd_vectors(train_text, D))
    opt = torch.optim.Adam(model.parameters(), lr=3e-3)
    print(f"start: valid perplexity {perplexity(model, xv, yv):.2f}")
    for epoch in range(4):
        model.train()
        for idx in torch.randperm(len(x)).split(64):
            loss = F.cross_entropy(model(x[idx]), y[idx])
            opt.zero_grad()
            loss.backward()
            opt.step()
        print(f"epoch {epoch}: valid perplexity {perplexity(model, xv, yv):.2f}")


main()
