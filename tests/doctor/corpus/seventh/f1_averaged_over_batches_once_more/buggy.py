import numpy as np
import torch
from sklearn.metrics import f1_score
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split


class Net(nn.Module):
    def __init__(self, n_num, n_cat, emb=4):
        super().__init__()
        self.emb = nn.Embedding(n_cat, emb)
        self.bn = nn.BatchNorm1d(n_num)
        self.fc = nn.Sequential(nn.Linear(n_num + emb, 32), nn.ReLU(), nn.Dropout(0.2), nn.Linear(32, 1))

    def forward(self, num, cat):
        return self.fc(torch.cat([self.bn(num), self.emb(cat)], dim=1)).squeeze(1)


def make_claims(n, seed):
    rng = np.random.default_rng(seed)
    num = rng.gamma(2.0, [1.0, 20.0, 300.0], size=(n, 3))
    cat = rng.integers(0, 6, size=n)
    risk = np.array([-1.5, -0.5, 0.0, 0.3, 0.8, 1.2])[cat]
    score = 1.2 * num[:, 0] - 0.03 * num[:, 1] + risk - 4.2 + rng.logistic(0, 0.5, n)
    return (
        torch.tensor(num, dtype=torch.float32),
        torch.tensor(cat),
        torch.tensor(score > 0, dtype=torch.float32),
    )


def train(model, loader, opt, crit):
    model.train()
    for num, cat, y in loader:
        opt.zero_grad()
        loss = crit(model(num, cat), y)
        loss.backward()
        opt.step()


def validate(model, loader):
    model.eval()
    scores = []
    with torch.no_grad():
        for num, cat, y in loader:
            pred = (model(num, cat) > 0).int()
            scores.append(f1_score(y.int().numpy(), pred.numpy(), zero_division=0))
    return sum(scores) / len(scores)


def main():
    torch.manual_seed(14)
    full = TensorDataset(*make_claims(2400, 14))
    train_set, valid_set = random_split(full, [2000, 400], torch.Generator().manual_seed(0))
    train_dl = DataLoader(train_set, batch_size=64, shuffle=True)
    valid_dl = DataLoader(valid_set, batch_size=16)

    y_train = full.tensors[2][train_set.indices]
    print("positive share", round(y_train.mean().item(), 3))

    model = Net(3, 6)
    opt = torch.optim.AdamW(model.parameters(), lr=4e-3, weight_decay=1e-3)
    crit = nn.BCEWithLogitsLoss()
    for epoch in range(7):
        train(model, train_dl, opt, crit)
        print(f"epoch {epoch}  valid F1 {validate(model, valid_dl):.3f}")


if __name__ == "__main__":
    main()
