"""Monte Carlo dropout: dropout layers stay active at prediction time, everything else is in eval mode."""
import torch
import torch.nn as nn

torch.manual_seed(37)


class Regressor(nn.Module):
    def __init__(self, width=64, p=0.1):
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(1, width), nn.ReLU(), nn.Dropout(p),
            nn.Linear(width, width), nn.ReLU(), nn.Dropout(p),
            nn.Linear(width, 1),
        )

    def forward(self, x):
        return self.net(x)

    @torch.no_grad()
    def mc_predict(self, x, n_samples=100):
        self.eval()
        for m in self.modules():
            if isinstance(m, nn.Dropout):
                m.train()
        draws = torch.stack([self(x) for _ in range(n_samples)])
        self.eval()
        return draws.mean(dim=0), draws.std(dim=0)


def f(x):
    return 0.5 * x + torch.sin(2 * x)


x_train = 4 * torch.rand(400, 1) - 2
y_train = f(x_train) + 0.1 * torch.randn_like(x_train)
x_test = torch.linspace(-2, 2, 101).unsqueeze(1)
x_far = torch.linspace(3, 4, 21).unsqueeze(1)

model = Regressor()
optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3, weight_decay=1e-3)
loss_fn = nn.MSELoss()

model.train()
for epoch in range(60):
    for idx in torch.randperm(400).split(50):
        optimizer.zero_grad()
        loss = loss_fn(model(x_train[idx]), y_train[idx])
        loss.backward()
        optimizer.step()

model.eval()
with torch.no_grad():
    print(f"deterministic mse in range: {loss_fn(model(x_test), f(x_test)).item():.4f}")
mean, std = model.mc_predict(x_test)
_, std_far = model.mc_predict(x_far)
print(f"mc-dropout mse in range:    {loss_fn(mean, f(x_test)).item():.4f}")
print(f"mean std in range {std.mean().item():.3f}, outside {std_far.mean().item():.3f}")
