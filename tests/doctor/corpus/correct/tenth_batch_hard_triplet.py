"""Metric learning with batch-hard triplets and P x K batches; recall@1 on classes never trained on."""
import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset, Sampler


class Clusters(Dataset):
    def __init__(self, classes, per_class, mixing, rng):
        self.labels = np.repeat(np.arange(classes), per_class)
        code = rng.normal(size=(classes, 6))[self.labels] + 0.25 * rng.normal(size=(len(self.labels), 6))
        nuisance = 2.0 * rng.normal(size=(len(self.labels), 18))
        self.x = (np.concatenate([code, nuisance], axis=1) @ mixing).astype(np.float32)

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        return self.x[i], int(self.labels[i])


class PKSampler(Sampler):
    def __init__(self, labels, p, k, batches, seed):
        self.p, self.k, self.batches = p, k, batches
        self.rng = np.random.default_rng(seed)
        self.members = {c: np.flatnonzero(labels == c) for c in np.unique(labels)}

    def __len__(self):
        return self.batches

    def __iter__(self):
        classes = np.array(list(self.members))
        for _ in range(self.batches):
            picked = self.rng.choice(classes, self.p, replace=False)
            yield [int(i) for c in picked for i in self.rng.choice(self.members[c], self.k, replace=False)]


def batch_hard_loss(z, labels):
    dist = torch.cdist(z, z)
    same = labels[:, None] == labels[None, :]
    hardest_pos = dist.masked_fill(~same, 0.0).max(dim=1).values
    hardest_neg = dist.masked_fill(same, float("inf")).min(dim=1).values
    return nn.functional.softplus(hardest_pos - hardest_neg).mean()


@torch.no_grad()
def recall_at_1(model, data):
    model.eval()
    z = model(torch.from_numpy(data.x))
    labels = torch.from_numpy(data.labels)
    dist = torch.cdist(z, z)
    dist.fill_diagonal_(float("inf"))
    return (labels[dist.argmin(dim=1)] == labels).float().mean().item()


def main():
    torch.manual_seed(2)
    rng = np.random.default_rng(2)
    mixing = np.linalg.qr(rng.normal(size=(24, 24)))[0]
    train, unseen = Clusters(40, 20, mixing, rng), Clusters(20, 20, mixing, rng)
    loader = DataLoader(train, batch_sampler=PKSampler(train.labels, p=8, k=4, batches=25, seed=3))

    model = nn.Sequential(nn.Linear(24, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Linear(64, 8))
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    print(f"start: recall@1 on unseen classes {recall_at_1(model, unseen):.3f}")
    for epoch in range(8):
        model.train()
        losses = []
        for x, y in loader:
            loss = batch_hard_loss(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        print(f"epoch {epoch}: loss {np.mean(losses):.3f}")
    print(f"end: recall@1 on unseen classes {recall_at_1(model, unseen):.3f}")


if __name__ == "__main__":
    main()
