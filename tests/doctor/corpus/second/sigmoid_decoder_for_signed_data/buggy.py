import numpy as np
import torch
import torch.nn as nn
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

torch.manual_seed(0)
digits = load_digits().images.astype(np.float32) / 16.0
digits = (digits - 0.5) / 0.5
train_np, test_np = train_test_split(digits, test_size=0.2, random_state=0)
train_x = torch.from_numpy(train_np).unsqueeze(1)
test_x = torch.from_numpy(test_np).unsqueeze(1)


class ConvAE(nn.Module):
    def __init__(self, code=12):
        super().__init__()
        self.enc = nn.Sequential(
            nn.Conv2d(1, 8, 3, stride=2, padding=1), nn.ReLU(),
            nn.Flatten(), nn.Linear(8 * 16, code),
        )
        self.dec = nn.Sequential(
            nn.Linear(code, 8 * 16), nn.ReLU(), nn.Unflatten(1, (8, 4, 4)),
            nn.ConvTranspose2d(8, 8, 4, stride=2, padding=1), nn.ReLU(),
            nn.Conv2d(8, 1, 3, padding=1), nn.Sigmoid(),
        )

    def forward(self, x):
        return self.dec(self.enc(x))


net = ConvAE()
opt = torch.optim.Adam(net.parameters(), lr=3e-3)
for epoch in range(6):
    net.train()
    for idx in torch.randperm(len(train_x)).split(64):
        opt.zero_grad()
        nn.functional.mse_loss(net(train_x[idx]), train_x[idx]).backward()
        opt.step()
    net.eval()
    with torch.no_grad():
        err = nn.functional.mse_loss(net(test_x), test_x).item()
    print(f"epoch {epoch}: test mse {err:.4f}")
