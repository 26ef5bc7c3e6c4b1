"""Metric learning: custom P-K batch sampler and batch-hard triplet loss; recall@1 on unseen classes."""
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, Sampler, TensorDataset


class PKSampler(Sampler[list[int]]):
    """Every batch holds p classes with k distinct samples each."""

    def __init__(self, labels, p, k, batches, seed):
        self.p, self.k, self.batches = p, k, batches
        self.index = [torch.nonzero(labels == c).flatten() for c in labels.unique()]
        self.generator = torch.Generator().manual_seed(seed)

    def __len__(self):
        return self.batches

    def __iter__(self):
        for _ in range(self.batches):
            batch = []
            for c in torch.randperm(len(self.index), generator=self.generator)[: self.p].tolist():
                pool = self.index[c]
                batch += pool[torch.randperm(len(pool), generator=self.generator)[: self.k]].tolist()
            yield batch


def batch_hard(z, y, margin=0.3):
    d2 = (z.unsqueeze(1) - z.unsqueeze(0)).pow(2).sum(-1)
    d = (d2 + 1e-12).sqrt()
    same = y.unsqueeze(1) == y.unsqueeze(0)
    self_pair = torch.eye(len(y), dtype=torch.bool)
    hardest_pos = d.masked_fill(~same | self_pair, 0.0).max(1).values
    hardest_neg = d.masked_fill(same, float("inf")).min(1).values
    return F.relu(hardest_pos - hardest_neg + margin).mean()


class Embed(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(64, 96), nn.ReLU(), nn.Linear(96, 24))

    def forward(self, x):
        return F.normalize(self.net(x), dim=1)


@torch.no_grad()
def recall_at_1(model, x, y):
    model.eval()
    z = model(x)
    sim = (z @ z.T).fill_diagonal_(-2.0)  # a query never retrieves itself
    return (y[sim.argmax(1)] == y).float().mean().item()


def main():
    torch.manual_seed(57)
    X, y = load_digits(return_X_y=True)
    x, t = torch.tensor(X / 16.0, dtype=torch.float32), torch.tensor(y)
    seen, val_c, unseen = t < 6, (t == 6) | (t == 7), t >= 8  # disjoint classes
    sampler = PKSampler(t[seen], p=6, k=8, batches=20, seed=57)
    loader = DataLoader(TensorDataset(x[seen], t[seen]), batch_sampler=sampler)
    model = Embed()
    opt = torch.optim.Adam(model.parameters(), lr=1e-3)
    best, state = -1.0, None
    for epoch in range(6):
        model.train()
        total = 0.0
        for xb, yb in loader:
            loss = batch_hard(model(xb), yb)
            opt.zero_grad()
            loss.backward()
            opt.step()
            total += loss.item()
        r1 = recall_at_1(model, x[val_c], t[val_c])
        if r1 > best:
            best, state = r1, {k: v.clone() for k, v in model.state_dict().items()}
        print(f"epoch {epoch + 1}: triplet {total / len(loader):.4f} val recall@1 {r1:.4f}")
    model.load_state_dict(state)
    print(f"unseen classes recall@1 {recall_at_1(model, x[unseen], t[unseen]):.4f}")


if __name__ == "__main__":
    main()
