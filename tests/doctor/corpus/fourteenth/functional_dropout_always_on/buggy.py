import torch
import torch.nn as nn
import torch.nn.functional as F


class FactorizationMachine(nn.Module):
    def __init__(self, n_fields, n_items, dim=8, p=0.3):
        super().__init__()
        self.embedding = nn.Embedding(n_fields * n_items, dim)
        self.linear = nn.Embedding(n_fields * n_items, 1)
        self.register_buffer("offsets", torch.arange(n_fields) * n_items)
        self.mlp = nn.Linear(n_fields * dim, 32)
        self.out = nn.Linear(32, 1)
        self.p = p
        nn.init.normal_(self.embedding.weight, std=0.1)
        nn.init.zeros_(self.linear.weight)

    def forward(self, x):
        x = x + self.offsets
        e = self.embedding(x)
        fm = 0.5 * (e.sum(1).pow(2) - e.pow(2).sum(1)).sum(1, keepdim=True)
        h = F.relu(self.mlp(e.flatten(1)))
        h = F.dropout(h, p=self.p)
        return (self.linear(x).sum(1) + fm + self.out(h)).squeeze(1)


def clicks(n, n_fields=4, n_items=12):
    x = torch.randint(0, n_items, (n, n_fields))
    score = ((x[:, 0] + x[:, 1]) % 3 == 0).float() * 2 + 0.2 * x[:, 2] - 2.0
    return x, (torch.rand(n) < torch.sigmoid(score)).float()


def auc(score, y):
    pos, neg = score[y == 1], score[y == 0]
    diff = pos.unsqueeze(1) - neg.unsqueeze(0)
    return ((diff > 0).float() + 0.5 * (diff == 0).float()).mean().item()


def main():
    torch.manual_seed(2020)
    x_train, y_train = clicks(3000)
    x_test, y_test = clicks(800)
    model = FactorizationMachine(4, 12)
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3, weight_decay=1e-6)
    criterion = nn.BCEWithLogitsLoss()
    for epoch in range(6):
        model.train()
        for idx in torch.randperm(len(x_train)).split(100):
            loss = criterion(model(x_train[idx]), y_train[idx])
            model.zero_grad()
            loss.backward()
            optimizer.step()
        model.eval()
        with torch.no_grad():
            print(f"epoch: {epoch} test auc: {auc(model(x_test), y_test):.4f}")


if __name__ == "__main__":
    main()
