import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset


class Trajectories(Dataset):
    """Short damped oscillations; the target is the damping."""

    def __init__(self, n, seed):
        g = torch.Generator().manual_seed(seed)
        self.damping = torch.rand(n, 1, generator=g)
        phase = 6.28 * torch.rand(n, 1, generator=g)
        t = torch.linspace(0, 3, 30)
        clean = torch.exp(-self.damping * t) * torch.cos(6 * t + phase)
        self.traj = clean + 0.05 * torch.randn(n, 30, generator=g)

    def __len__(self):
        return len(self.traj)

    def __getitem__(self, i):
        return self.traj[i], self.damping[i]


def train_one_epoch(model, loader, optimizer, loss_fn):
    model.train()
    running, seen = 0.0, 0
    for traj, damping in loader:
        optimizer.zero_grad()
        loss = loss_fn(model(traj), damping)
        loss.backward()
        optimizer.step()
        running += loss.item() * traj.size(0)
        seen += traj.size(0)
        return running / seen


@torch.no_grad()
def evaluate(model, loader, loss_fn):
    model.eval()
    running, seen = 0.0, 0
    for traj, damping in loader:
        running += loss_fn(model(traj), damping).item() * traj.size(0)
        seen += traj.size(0)
    return running / seen


if __name__ == "__main__":
    torch.manual_seed(50)
    train_loader = DataLoader(Trajectories(960, seed=1), batch_size=48, shuffle=True)
    valid_loader = DataLoader(Trajectories(240, seed=2), batch_size=120)
    model = nn.Sequential(nn.Linear(30, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 1))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    loss_fn = nn.MSELoss()
    for epoch in range(1, 13):
        train_loss = train_one_epoch(model, train_loader, optimizer, loss_fn)
        valid_loss = evaluate(model, valid_loader, loss_fn)
        if epoch % 3 == 0:
            print(f"epoch {epoch:02d} | train mse {train_loss:.4f} | valid mse {valid_loss:.4f}")
