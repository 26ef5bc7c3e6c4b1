from dataclasses import dataclass, field

import torch
from torch import nn


@dataclass
class Config:
    hidden: int = 48
    length: int = 40
    steps: int = 120
    batch: int = 32
    lr: float = 0.03
    momentum: float = 0.9
    max_norm: float = 0.25
    device: str = field(default_factory=lambda: "cuda" if torch.cuda.is_available() else "cpu")


class Counter(nn.Module):
    """Reads a 0/1 sequence and predicts the running sum at the end."""

    def __init__(self, cfg: Config):
        super().__init__()
        self.rnn = nn.RNN(1, cfg.hidden, nonlinearity="relu", batch_first=True)
        self.out = nn.Linear(cfg.hidden, 1)
        nn.init.eye_(self.rnn.weight_hh_l0)

    def forward(self, seq):
        states, _ = self.rnn(seq)
        return self.out(states[:, -1]).squeeze(-1)


def sample(cfg: Config):
    seq = (torch.rand(cfg.batch, cfg.length, 1) < 0.5).float()
    target = seq.sum(dim=(1, 2)) / cfg.length
    return seq.to(cfg.device), target.to(cfg.device)


def train_step(model, batch, criterion, optimizer, cfg):
    seq, target = batch
    optimizer.zero_grad()
    loss = criterion(model(seq), target)
    loss.backward()
    optimizer.step()
    norm = nn.utils.clip_grad_norm_(model.parameters(), cfg.max_norm)
    return loss.item(), norm.item()


def main(cfg: Config = Config()):
    torch.manual_seed(11)
    model = Counter(cfg).to(cfg.device)
    criterion = nn.MSELoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=cfg.lr, momentum=cfg.momentum)
    worst = 0.0
    for step in range(cfg.steps):
        loss, norm = train_step(model, sample(cfg), criterion, optimizer, cfg)
        worst = max(worst, norm)
        if step % 20 == 0:
            print(f"{step:4d}  loss {loss:.4f}  grad norm {norm:.3f}")
    print(f"largest gradient norm met: {worst:.2f}, last loss {loss:.4f}")


if __name__ == "__main__":
    main()
