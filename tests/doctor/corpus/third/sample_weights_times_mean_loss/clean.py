import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset


class Measurements(Dataset):
    def __init__(self, x, y, sigma):
        self.x = torch.as_tensor(x, dtype=torch.float32)
        self.y = torch.as_tensor(y, dtype=torch.float32)
        w = 1.0 / torch.as_tensor(sigma, dtype=torch.float32) ** 2
        self.w = w / w.mean()

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        return {"x": self.x[i], "y": self.y[i], "w": self.w[i]}


def simulate(n, rng):
    x = rng.uniform(-1, 1, (n, 3))
    f = x[:, 0] * x[:, 1] + np.cos(3 * x[:, 2])
    cheap = rng.random(n) < 0.7                     # zwei Messgeraete, eines davon schlecht
    sigma = np.where(cheap, 3.0, 0.1)
    return x, f, f + sigma * rng.standard_normal(n), sigma


rng = np.random.default_rng(4)
torch.manual_seed(4)
x, _, y, sigma = simulate(1000, rng)
x_test, f_test, _, _ = simulate(500, rng)

criteria = {"l2": nn.MSELoss(reduction="none"), "l1": nn.L1Loss(reduction="none")}
options = {"loss": "l2", "lr": 3e-3, "epochs": 20, "batch_size": 50}

model = nn.Sequential(nn.Linear(3, 64), nn.SiLU(), nn.Linear(64, 64), nn.SiLU(), nn.Linear(64, 1))
criterion = criteria[options["loss"]]
optimizer = torch.optim.Adam(model.parameters(), lr=options["lr"])
loader = DataLoader(Measurements(x, y, sigma), batch_size=options["batch_size"], shuffle=True)

for epoch in range(options["epochs"]):
    model.train()
    for batch in loader:
        pred = model(batch["x"]).squeeze(-1)
        loss = (batch["w"] * criterion(pred, batch["y"])).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

model.eval()
with torch.no_grad():
    pred = model(torch.as_tensor(x_test, dtype=torch.float32)).squeeze(-1).numpy()
print("rmse against the noise-free function:", float(np.sqrt(((pred - f_test) ** 2).mean())))
