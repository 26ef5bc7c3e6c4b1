import torch
import torch.nn as nn


class AttentionPool(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.query = torch.randn(d, requires_grad=True)
        self.key = nn.Linear(d, d)

    def forward(self, x):
        score = self.key(x) @ self.query / x.size(-1) ** 0.5
        return (score.softmax(1).unsqueeze(-1) * x).sum(1)


class Model(nn.Module):
    def __init__(self, d=12):
        super().__init__()
        self.pool = AttentionPool(d)
        self.head = nn.Linear(d, 2)

    def forward(self, x):
        return self.head(self.pool(x))


if __name__ == "__main__":
    torch.manual_seed(44)
    bags = torch.randn(400, 6, 12)
    label = (bags[:, :, 0].max(1).values > 1.3).long()
    model = Model()
    opt = torch.optim.Adam(model.parameters(), lr=3e-3)
    for epoch in range(6):
        model.train()
        for i in torch.randperm(400).split(40):
            opt.zero_grad()
            loss = nn.functional.cross_entropy(model(bags[i]), label[i])
            loss.backward()
            opt.step()
        print(epoch, round(loss.item(), 4))
