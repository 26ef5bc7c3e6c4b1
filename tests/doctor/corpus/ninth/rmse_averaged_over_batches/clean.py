import math

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class MatrixFactorization(nn.Module):
    def __init__(self, n_users, n_items, rank):
        super().__init__()
        self.user = nn.Embedding(n_users, rank)
        self.item = nn.Embedding(n_items, rank)
        self.user_bias = nn.Embedding(n_users, 1)
        self.item_bias = nn.Embedding(n_items, 1)
        self.offset = nn.Parameter(torch.tensor(3.0))
        for table in (self.user, self.item):
            nn.init.normal_(table.weight, std=0.1)
        for table in (self.user_bias, self.item_bias):
            nn.init.zeros_(table.weight)

    def forward(self, users, items):
        dot = (self.user(users) * self.item(items)).sum(dim=1)
        return self.offset + dot + self.user_bias(users).squeeze(1) + self.item_bias(items).squeeze(1)


def synth_ratings(n_users, n_items, n, rank=3):
    taste, trait = torch.randn(n_users, rank), torch.randn(n_items, rank)
    sloppy = 0.2 + 2.0 * torch.rand(n_users) ** 4
    pairs = torch.randperm(n_users * n_items)[:n]
    users, items = pairs // n_items, pairs % n_items
    ratings = 3 + 0.5 * (taste[users] * trait[items]).sum(1) + sloppy[users] * torch.randn(n)
    return users, items, ratings.clamp(1, 5)


def train_epoch(model, loader, optimizer):
    model.train()
    mse = nn.MSELoss()
    for users, items, ratings in loader:
        optimizer.zero_grad()
        mse(model(users, items), ratings).backward()
        optimizer.step()


@torch.no_grad()
def rmse(model, loader):
    model.eval()
    total = 0.0
    for users, items, ratings in loader:
        error = model(users, items) - ratings
        total += error.pow(2).sum().item()
    return math.sqrt(total / len(loader.dataset))


def main():
    torch.manual_seed(10)
    users, items, ratings = synth_ratings(60, 80, 2500)
    train_set = TensorDataset(users[:2000], items[:2000], ratings[:2000])
    val_set = TensorDataset(users[2000:], items[2000:], ratings[2000:])
    train_loader = DataLoader(train_set, batch_size=64, shuffle=True)
    val_loader = DataLoader(val_set, batch_size=8)
    model = MatrixFactorization(60, 80, rank=4)
    print(f"start: val rmse {rmse(model, val_loader):.4f} over {math.ceil(len(val_set) / 8)} batches")
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2, weight_decay=1e-4)
    for epoch in range(8):
        train_epoch(model, train_loader, optimizer)
        print(f"epoch {epoch}: val rmse {rmse(model, val_loader):.4f}")


if __name__ == "__main__":
    main()
