import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset


class JitteredCurves(Dataset):
    def __init__(self, n, sigma, seed):
        base = np.random.default_rng(seed)
        self.phase = base.uniform(0, np.pi, n).astype(np.float32)
        t = np.linspace(0, 1, 20, dtype=np.float32)
        self.curves = np.sin(6 * t + self.phase[:, None])
        self.sigma = sigma

    def __len__(self):
        return len(self.curves)

    def __getitem__(self, i):
        rng = np.random.default_rng(int(torch.randint(2**31, ()).item()))
        noise = rng.normal(0, self.sigma, 20).astype(np.float32)
        return torch.from_numpy(self.curves[i] + noise), torch.tensor([self.phase[i]])


def main():
    torch.manual_seed(1)
    loader = DataLoader(JitteredCurves(48, 0.5, 0), batch_size=16, shuffle=True, num_workers=2)
    test = JitteredCurves(400, 0.5, 9)
    model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 1))
    opt = torch.optim.Adam(model.parameters(), lr=3e-3)
    for epoch in range(25):
        model.train()
        for x, y in loader:
            opt.zero_grad()
            nn.functional.mse_loss(model(x), y).backward()
            opt.step()
    model.eval()
    xt, yt = map(torch.stack, zip(*[test[i] for i in range(len(test))]))
    with torch.no_grad():
        print("test mse", nn.functional.mse_loss(model(xt), yt).item())


if __name__ == "__main__":
    main()
