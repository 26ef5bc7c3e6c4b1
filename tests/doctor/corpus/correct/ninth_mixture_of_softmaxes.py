"""Mixture of softmaxes: the model's output is a probability (a convex combination), so the loss is NLL of its logarithm.

CrossEntropyLoss would be wrong here because the mixture has no logits."""
from dataclasses import dataclass

import torch
import torch.nn as nn
import torch.nn.functional as F


@dataclass
class HP:
    vocab: int = 24
    dim: int = 16
    experts: int = 3
    epochs: int = 8
    lr: float = 1e-2


class MoS(nn.Module):
    def __init__(self, hp):
        super().__init__()
        self.k, self.d = hp.experts, hp.dim
        self.emb = nn.Embedding(hp.vocab, hp.dim)
        self.ctx = nn.Linear(2 * hp.dim, 32)
        self.prior = nn.Linear(32, hp.experts)
        self.latent = nn.Linear(32, hp.experts * hp.dim)
        self.out = nn.Linear(hp.dim, hp.vocab)
        self.out.weight = self.emb.weight  # shared in and out
        nn.init.normal_(self.emb.weight, std=0.1)

    def forward(self, ctx):
        h = torch.tanh(self.ctx(self.emb(ctx).flatten(1)))
        pi = F.softmax(self.prior(h), dim=-1)
        z = torch.tanh(self.latent(h)).view(-1, self.k, self.d)
        p = F.softmax(self.out(z), dim=-1)
        return torch.einsum("bk,bkv->bv", pi, p)


def language(n, hp, gen):
    """Second-order chain: the next token follows one of two rules depending on the parity of the older one."""
    seq = [0, 1]
    noise = torch.rand(n, generator=gen)
    jump = torch.randint(0, hp.vocab, (n,), generator=gen)
    branch = torch.rand(n, generator=gen)
    for i in range(n):
        a, b = seq[-2], seq[-1]
        if noise[i] < 0.1:
            nxt = int(jump[i])
        elif a % 2 == 0:
            nxt = (b + 3 if branch[i] < 0.6 else b + 7) % hp.vocab
        else:
            nxt = (2 * b + 1) % hp.vocab
        seq.append(nxt)
    return torch.tensor(seq).unfold(0, 3, 1)


def nll(prob, target):
    return F.nll_loss(torch.log(prob.clamp_min(1e-9)), target)


def perplexity(model, tri):
    model.eval()
    with torch.no_grad():
        return nll(model(tri[:, :2]), tri[:, 2]).exp().item()


def main(hp=HP()):
    torch.manual_seed(8)
    tri = language(4000, hp, torch.Generator().manual_seed(8))
    train, val = tri[:3200], tri[3202:]
    model = MoS(hp)
    opt = torch.optim.Adam(model.parameters(), lr=hp.lr)
    for epoch in range(hp.epochs):
        model.train()
        total = 0.0
        for idx in torch.randperm(len(train)).split(64):
            b = train[idx]
            loss = nll(model(b[:, :2]), b[:, 2])
            opt.zero_grad()
            loss.backward()
            opt.step()
            total += loss.item() * len(b)
        print(f"epoch {epoch} nll {total / len(train):.3f} val ppl {perplexity(model, val):.2f}")


if __name__ == "__main__":
    main()
