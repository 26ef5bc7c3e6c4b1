import torch
from sklearn.metrics import roc_auc_score
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class EpochBuffer:
    def __init__(self):
        self.scores, self.targets = [], []

    def add(self, score: torch.Tensor, target: torch.Tensor) -> None:
        self.scores.append(score)
        self.targets.append(target)

    def auc(self) -> float:
        s = torch.cat(self.scores).detach().numpy()
        t = torch.cat(self.targets).numpy()
        self.scores.clear()
        self.targets.clear()
        return roc_auc_score(t, s)


class Module(nn.Module):
    def __init__(self, d_in: int):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(d_in, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Linear(64, 1))
        self.meter = {"train": EpochBuffer(), "valid": EpochBuffer()}

    def forward(self, x):
        return self.body(x).squeeze(-1)

    def training_step(self, batch):
        x, y = batch
        z = self(x)
        self.meter["train"].add(z.detach(), y)
        return nn.functional.binary_cross_entropy_with_logits(z, y)

    def validation_step(self, batch):
        x, y = batch
        self.meter["valid"].add(self(x), y)


def fit(module, train_dl, valid_dl, epochs):
    optimizer = torch.optim.AdamW(module.parameters(), lr=2e-3, weight_decay=1e-3)
    for epoch in range(epochs):
        module.train()
        for batch in train_dl:
            loss = module.training_step(batch)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        module.eval()
        with torch.no_grad():
            for batch in valid_dl:
                module.validation_step(batch)
        print(f"{epoch}: train auc {module.meter['train'].auc():.3f}  valid auc {module.meter['valid'].auc():.3f}")


torch.manual_seed(77)
x = torch.randn(1500, 16)
y = torch.bernoulli(torch.sigmoid(2 * x[:, 0] - x[:, 1] * x[:, 2]))
train_dl = DataLoader(TensorDataset(x[:1000], y[:1000]), batch_size=50, shuffle=True)
valid_dl = DataLoader(TensorDataset(x[1000:], y[1000:]), batch_size=100)
fit(Module(16), train_dl, valid_dl, epochs=4)
