from dataclasses import dataclass

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset


@dataclass
class Config:
    vocab: int = 30
    context: int = 5
    micro_batch: int = 16
    accum_steps: int = 8
    epochs: int = 6
    lr: float = 0.06
    momentum: float = 0.9
    seed: int = 20


class NextToken(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        self.embed = nn.Embedding(cfg.vocab, 16)
        self.mlp = nn.Sequential(nn.Linear(16 * cfg.context, 64), nn.Tanh(), nn.Linear(64, cfg.vocab))

    def forward(self, tokens):
        return self.mlp(self.embed(tokens).flatten(1))


def stream(cfg, length):
    """Second-order chain: the next token depends on the last two."""
    table = torch.softmax(2.5 * torch.randn(cfg.vocab, cfg.vocab), dim=1)
    jump = torch.randint(0, cfg.vocab, (cfg.vocab,))
    seq = [0, 1]
    draws = torch.rand(length)
    cdf = table.cumsum(1)
    for i in range(length):
        row = (seq[-1] + int(jump[seq[-2]]) // 10) % cfg.vocab
        seq.append(min(int(torch.searchsorted(cdf[row], draws[i])), cfg.vocab - 1))
    return torch.tensor(seq)


def pairs(tokens, context):
    win = tokens.unfold(0, context + 1, 1)
    return TensorDataset(win[:, :-1], win[:, -1])


@torch.no_grad()
def evaluate(model, loader, ce):
    model.eval()
    return sum(ce(model(x), y).item() * len(y) for x, y in loader) / len(loader.dataset)


def main():
    cfg = Config()
    torch.manual_seed(cfg.seed)
    tokens = stream(cfg, 5500)
    train = DataLoader(pairs(tokens[: 4096 + cfg.context], cfg.context), batch_size=cfg.micro_batch, shuffle=True)
    val = DataLoader(pairs(tokens[4096 + cfg.context:], cfg.context), batch_size=256)
    assert len(train) % cfg.accum_steps == 0
    model = NextToken(cfg)
    ce = nn.CrossEntropyLoss()
    opt = torch.optim.SGD(model.parameters(), lr=cfg.lr, momentum=cfg.momentum)
    for epoch in range(cfg.epochs):
        model.train()
        opt.zero_grad()
        running = 0.0
        for i, (x, y) in enumerate(train, start=1):
            loss = ce(model(x), y)
            running += loss.item()
            loss.backward()
            if i % cfg.accum_steps == 0:
                opt.step()
                opt.zero_grad()
        print(f"epoch {epoch} train {running / len(train):.4f} val {evaluate(model, val, ce):.4f}")


if __name__ == "__main__":
    main()
