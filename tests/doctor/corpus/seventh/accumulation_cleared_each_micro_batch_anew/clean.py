import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset


class SetEncoder(nn.Module):
    """Permutation-invariant regressor over point sets (deep sets)."""

    def __init__(self, d_in, d_hid):
        super().__init__()
        self.phi = nn.Sequential(nn.Linear(d_in, d_hid), nn.ReLU(), nn.Linear(d_hid, d_hid))
        self.rho = nn.Sequential(nn.ReLU(), nn.Linear(d_hid, 1))

    def forward(self, pts):
        return self.rho(self.phi(pts).mean(dim=1)).squeeze(-1)


class MicroBatchTrainer:
    """Emulates a large batch on a small card: `accum` micro-batches make one update."""

    def __init__(self, model, optimizer, criterion, accum=16, max_norm=5.0):
        self.model = model
        self.optimizer = optimizer
        self.criterion = criterion
        self.accum = accum
        self.max_norm = max_norm
        self.updates = 0

    def _forward_backward(self, batch, group_size):
        pts, target = batch
        loss = self.criterion(self.model(pts), target)
        (loss / group_size).backward()
        return loss.item()

    def _apply(self):
        nn.utils.clip_grad_norm_(self.model.parameters(), self.max_norm)
        self.optimizer.step()
        self.updates += 1

    def _groups(self, loader):
        group = []
        for batch in loader:
            group.append(batch)
            if len(group) == self.accum:
                yield group
                group = []
        if group:
            yield group

    def epoch(self, loader):
        self.model.train()
        losses = []
        for group in self._groups(loader):
            self.optimizer.zero_grad()
            for batch in group:
                losses.append(self._forward_backward(batch, len(group)))
            self._apply()
        return sum(losses) / len(losses)

    @torch.no_grad()
    def score(self, loader):
        self.model.eval()
        sse = sum((self.model(p) - t).square().sum().item() for p, t in loader)
        return (sse / len(loader.dataset)) ** 0.5


def point_sets(n, k=16):
    centre, radius = 0.3 * torch.randn(n, 1, 3), torch.rand(n, 1, 1) + 0.2
    pts = centre + radius * torch.randn(n, k, 3)
    spread = pts.var(dim=1).sum(-1).sqrt()
    return TensorDataset(pts, spread)


if __name__ == "__main__":
    torch.manual_seed(9)
    train_dl = DataLoader(point_sets(2400), batch_size=4, shuffle=True)
    valid_dl = DataLoader(point_sets(400), batch_size=100)
    net = SetEncoder(3, 48)
    trainer = MicroBatchTrainer(net, torch.optim.Adam(net.parameters(), lr=1e-2), nn.MSELoss())
    for ep in range(6):
        mean_loss = trainer.epoch(train_dl)
        print(f"epoch {ep}  loss {mean_loss:.4f}  valid RMSE {trainer.score(valid_dl):.4f}  updates {trainer.updates}")
