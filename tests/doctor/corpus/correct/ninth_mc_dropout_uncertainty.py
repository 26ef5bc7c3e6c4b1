import math

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(101)

def truth(x):
    return torch.sin(3 * x) + 0.3 * x


def sample(n):
    x = 6 * torch.rand(n, 1) - 3
    return x, truth(x) + 0.1 * torch.randn_like(x)


train_x, train_y = sample(400)
val_x, val_y = sample(150)
x_mean, x_std = train_x.mean(), train_x.std()
y_mean, y_std = train_y.mean(), train_y.std()


def scale_x(x):
    return (x - x_mean) / x_std


train_dl = DataLoader(TensorDataset(scale_x(train_x), (train_y - y_mean) / y_std), batch_size=40, shuffle=True)

class Net(nn.Module):
    def __init__(self, h=64, p=0.05):
        super().__init__()
        self.seq = nn.Sequential(
            nn.Linear(1, h), nn.ReLU(), nn.Dropout(p),
            nn.Linear(h, h), nn.ReLU(), nn.Dropout(p),
            nn.Linear(h, 2),
        )

    def forward(self, x):
        mean, log_var = self.seq(x).chunk(2, dim=1)
        return mean, log_var.clamp(-8, 4)


model = Net()
opt = torch.optim.Adam(model.parameters(), lr=8e-3)
sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, T_max=100)
criterion = nn.GaussianNLLLoss()

for epoch in range(100):
    model.train()
    total = 0.0
    for x, y in train_dl:
        mean, log_var = model(x)
        loss = criterion(mean, y, log_var.exp())
        opt.zero_grad()
        loss.backward()
        opt.step()
        total += loss.item() * len(x)
    sched.step()
    if epoch % 25 == 24:
        print(f"epoch {epoch + 1}: train nll {total / len(train_dl.dataset):.3f}")

def enable_dropout(module):
    for m in module.modules():
        if isinstance(m, nn.Dropout):
            m.train()


@torch.no_grad()
def mc_predict(model, x, passes=50):
    model.eval()
    enable_dropout(model)
    draws = [model(scale_x(x)) for _ in range(passes)]
    model.eval()
    mean = torch.stack([m for m, _ in draws]) * y_std + y_mean
    noise = torch.stack([v.exp() for _, v in draws]).mean(0) * y_std ** 2
    return mean.mean(0), mean.var(0), noise


mean, epistemic, aleatoric = mc_predict(model, val_x)
rmse = (mean - val_y).pow(2).mean().sqrt()
inside = ((mean - val_y).abs() < 2 * (epistemic + aleatoric).sqrt()).float().mean()
print(f"val rmse {rmse.item():.3f}, two-sigma coverage {inside.item():.2f}")

near_x = torch.tensor([[3.5], [-3.5]])
far_x = torch.tensor([[5.0], [-5.0]])
for name, x in {"seen": val_x, "near": near_x, "far": far_x}.items():
    _, e, a = mc_predict(model, x)
    print(f"{name:8s} epistemic sd {math.sqrt(e.mean().item()):.3f} aleatoric sd {math.sqrt(a.mean().item()):.3f}")

model.eval()
with torch.no_grad():
    first, second = model(scale_x(val_x))[0], model(scale_x(val_x))[0]
print("deterministic in eval mode:", torch.equal(first, second))
