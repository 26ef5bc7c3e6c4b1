import numpy as np
import torch
import torch.nn as nn
from sklearn.metrics import precision_recall_fscore_support
from torch.utils.data import DataLoader, TensorDataset


class ChurnNet(nn.Module):
    def __init__(self, n_num, n_plan, dim=3):
        super().__init__()
        self.plan = nn.Embedding(n_plan, dim)
        self.mlp = nn.Sequential(nn.Linear(n_num + dim, 32), nn.LeakyReLU(), nn.Linear(32, 1))

    def forward(self, num, plan):
        return self.mlp(torch.cat((num, self.plan(plan)), dim=-1)).squeeze(-1)


def customers(n, rng):
    num = rng.normal(size=(n, 6)).astype(np.float32)
    plan = rng.integers(0, 5, n)
    z = 1.2 * num[:, 0] - num[:, 1] + 0.5 * (plan - 2) + rng.logistic(size=n) - 0.5
    return TensorDataset(torch.from_numpy(num), torch.from_numpy(plan), torch.from_numpy((z > 0).astype(np.float32)))


def fit(net, loader, epochs, lr):
    opt = torch.optim.AdamW(net.parameters(), lr=lr)
    loss_fn = nn.BCEWithLogitsLoss()
    for _ in range(epochs):
        net.train()
        for num, plan, churned in loader:
            loss = loss_fn(net(num, plan), churned)
            opt.zero_grad()
            loss.backward()
            opt.step()


def predict(net, loader, cut=0.5):
    net.eval()
    said, truth = [], []
    with torch.no_grad():
        for num, plan, churned in loader:
            score = net(num, plan).sigmoid()
            said.append((score > cut).int())
            truth.append(churned.int())
    return torch.cat(said).numpy(), torch.cat(truth).numpy()


def main():
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    train, test = customers(1500, rng), customers(500, rng)
    net = ChurnNet(6, 5)
    fit(net, DataLoader(train, batch_size=64, shuffle=True), epochs=6, lr=3e-3)
    said, truth = predict(net, DataLoader(test, batch_size=250))
    p, r, f, _ = precision_recall_fscore_support(truth, said, average='binary')
    print(f'precision {p:.3f} recall {r:.3f} f1 {f:.3f}')


main()
