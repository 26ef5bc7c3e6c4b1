import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset


class AttentionPool(nn.Module):
    """Additive attention over instances (multiple-instance learning)."""

    def __init__(self, d_in, d_att):
        super().__init__()
        self.feat = nn.Sequential(nn.Linear(d_in, 24), nn.ReLU())
        self.att = nn.Sequential(nn.Linear(24, d_att), nn.Tanh(), nn.Linear(d_att, 1))
        self.cls = nn.Linear(24, 1)

    def weights(self, h, valid):
        s = self.att(h).squeeze(-1)
        s = s.masked_fill(~valid, 0.0)
        return F.softmax(s, dim=1)

    def forward(self, bag, valid):
        h = self.feat(bag)
        w = self.weights(h, valid)
        pooled = torch.bmm(w.unsqueeze(1), h).squeeze(1)
        return self.cls(pooled).squeeze(-1)


def bags(n, max_inst=60):
    size = torch.randint(2, max_inst + 1, (n,))
    valid = torch.arange(max_inst).expand(n, -1) < size.unsqueeze(1)
    x = torch.randn(n, max_inst, 6)
    y = (torch.rand(n) < 0.5).float()
    hot = (torch.rand(n) * size).long()
    x[torch.arange(n), hot, 0] += 3.0 * y
    x = torch.where(valid.unsqueeze(-1), x, torch.zeros(()))
    return TensorDataset(x, valid, y)


def accuracy(model, loader):
    was_training = model.training
    model.eval()
    hit = n = 0
    with torch.no_grad():
        for x, valid, y in loader:
            hit += ((model(x, valid) > 0).float() == y).sum().item()
            n += y.numel()
    model.train(was_training)
    return hit / n


def main():
    torch.manual_seed(12)
    tr = DataLoader(bags(1200), batch_size=48, shuffle=True)
    va = DataLoader(bags(400), batch_size=100)
    model = AttentionPool(6, 16)
    opt = torch.optim.Adam(model.parameters(), lr=3e-3, weight_decay=1e-4)
    for epoch in range(10):
        model.train()
        for x, valid, y in tr:
            loss = F.binary_cross_entropy_with_logits(model(x, valid), y)
            opt.zero_grad()
            loss.backward()
            opt.step()
        print(epoch, f"{accuracy(model, va):.3f}")


if __name__ == "__main__":
    main()
