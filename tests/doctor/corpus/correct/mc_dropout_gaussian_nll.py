import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class Heteroscedastic(nn.Module):
    def __init__(self, p=0.1):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(1, 64), nn.ReLU(), nn.Dropout(p), nn.Linear(64, 64), nn.ReLU(), nn.Dropout(p))
        self.mean = nn.Linear(64, 1)
        self.log_var = nn.Linear(64, 1)

    def forward(self, x):
        h = self.body(x)
        return self.mean(h), self.log_var(h).clamp(-8, 4).exp()


def enable_dropout(model):
    """Evaluation mode, except that dropout keeps sampling (Gal and Ghahramani 2016)."""
    model.eval()
    for m in model.modules():
        if isinstance(m, nn.Dropout):
            m.train()


@torch.no_grad()
def mc_predict(model, x, samples=20):
    enable_dropout(model)
    means, variances = zip(*(model(x) for _ in range(samples)))
    means, variances = torch.stack(means), torch.stack(variances)
    model.eval()
    return means.mean(0), variances.mean(0), means.var(0)


torch.manual_seed(0)
x = torch.rand(600, 1) * 8 - 4
y = torch.sin(x) + (0.05 + 0.1 * x.abs()) * torch.randn_like(x)
x_train, y_train, x_val, y_val = x[:500], y[:500], x[500:], y[500:]
loader = DataLoader(TensorDataset(x_train, y_train), batch_size=50, shuffle=True)
model = Heteroscedastic()
criterion = nn.GaussianNLLLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.5, patience=2)
for epoch in range(8):
    model.train()
    for xb, yb in loader:
        mean, var = model(xb)
        loss = criterion(mean, yb, var)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        mean, var = model(x_val)
        val = criterion(mean, y_val, var).item()
    scheduler.step(val)
    print(epoch, val, optimizer.param_groups[0]["lr"])
mean, aleatoric, epistemic = mc_predict(model, torch.tensor([[0.0], [10.0]]))
print(mean.flatten().tolist(), aleatoric.flatten().tolist(), epistemic.flatten().tolist())
