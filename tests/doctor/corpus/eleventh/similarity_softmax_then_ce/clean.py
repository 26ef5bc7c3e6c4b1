"""Few-shot classification with class prototypes (5-way, 5-shot, 10 queries per class)."""
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

WAYS, SHOTS, QUERIES, DIM = 5, 5, 10, 16


def sample_episode(rng, centers, noise=0.9):
    classes = rng.choice(len(centers), WAYS, replace=False)
    pts = centers[classes][:, None] + noise * rng.standard_normal((WAYS, SHOTS + QUERIES, DIM))
    pts = torch.tensor(pts, dtype=torch.float32)
    labels = torch.arange(WAYS).repeat_interleave(QUERIES)
    return pts[:, :SHOTS], pts[:, SHOTS:].reshape(-1, DIM), labels


class Embedder(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(DIM, 64), nn.ReLU(), nn.Linear(64, 32))

    def forward(self, x):
        return self.net(x)


class MatchingNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = Embedder()

    def forward(self, support, query):
        protos = self.embed(support).mean(1)                 # [ways, d]
        q = self.embed(query)                                # [n, d]
        similarity = -torch.cdist(q, protos).pow(2)
        return similarity


def main():
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    train_centers, test_centers = rng.standard_normal((64, DIM)), rng.standard_normal((20, DIM))
    model = MatchingNet()
    optim = torch.optim.Adam(model.parameters(), lr=1e-3)
    for episode in range(1, 201):
        model.train()
        support, query, labels = sample_episode(rng, train_centers)
        preds = model(support, query)
        loss = F.cross_entropy(preds, labels)
        optim.zero_grad()
        loss.backward()
        optim.step()
        if episode % 50 == 0:
            print(f"episode {episode} loss {loss.item():.3f}")

    model.eval()
    accs = []
    with torch.no_grad():
        for _ in range(50):
            support, query, labels = sample_episode(rng, test_centers)
            accs.append((model(support, query).argmax(1) == labels).float().mean().item())
    print(f"test accuracy {np.mean(accs):.3f} +- {1.96 * np.std(accs) / len(accs) ** 0.5:.3f}")


if __name__ == "__main__":
    main()
