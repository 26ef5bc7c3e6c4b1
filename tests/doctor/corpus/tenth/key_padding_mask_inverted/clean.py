from dataclasses import dataclass

import torch
import torch.nn as nn


@dataclass
class Cfg:
    vocab: int = 30
    dim: int = 32
    heads: int = 4
    max_len: int = 12
    n_train: int = 1600
    n_test: int = 400
    batch: int = 64
    epochs: int = 9
    lr: float = 3e-3


def make_split(n, cfg, polarity, gen):
    """Sentences of word ids (0 = padding); label 1 when the words are positive on the whole."""
    lengths = torch.randint(3, cfg.max_len, (n,), generator=gen)
    tokens = torch.randint(1, cfg.vocab, (n, cfg.max_len), generator=gen)
    tokens[torch.arange(cfg.max_len) >= lengths.unsqueeze(1)] = 0
    return tokens, lengths, (polarity[tokens].sum(1) > 0).float()


class SentenceEncoder(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        self.emb = nn.Embedding(cfg.vocab, cfg.dim)
        self.mha = nn.MultiheadAttention(cfg.dim, cfg.heads, batch_first=True)
        self.out = nn.Sequential(nn.Linear(cfg.dim, 32), nn.ReLU(), nn.Linear(32, 1))

    def forward(self, tokens, lengths):
        valid = torch.arange(tokens.size(1)) < lengths.unsqueeze(1)
        x = self.emb(tokens)
        ctx, _ = self.mha(x, x, x, key_padding_mask=~valid, need_weights=False)
        ctx = ctx.masked_fill(~valid.unsqueeze(-1), 0.0)
        pooled = ctx.sum(dim=1) / lengths.unsqueeze(1)
        return self.out(pooled).squeeze(-1)


def main():
    cfg = Cfg()
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(1)
    polarity = torch.randn(cfg.vocab, generator=gen)
    polarity[0] = 0.0
    tr_tok, tr_len, tr_y = make_split(cfg.n_train, cfg, polarity, gen)
    te_tok, te_len, te_y = make_split(cfg.n_test, cfg, polarity, gen)
    net = SentenceEncoder(cfg)
    opt = torch.optim.Adam(net.parameters(), lr=cfg.lr)
    bce = nn.BCEWithLogitsLoss()
    for ep in range(cfg.epochs):
        net.train()
        for idx in torch.randperm(cfg.n_train).split(cfg.batch):
            opt.zero_grad()
            loss = bce(net(tr_tok[idx], tr_len[idx]), tr_y[idx])
            loss.backward()
            opt.step()
        if ep % 3 == 2:
            net.eval()
            with torch.no_grad():
                acc = ((net(te_tok, te_len) > 0).float() == te_y).float().mean().item()
            print(f"epoch {ep + 1} loss {loss.item():.3f} test acc {acc:.3f}")


main()
