import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

CLASSES = ["normal", "scratch", "crack"]


def class_weights(labels, n_classes):
    """Weights for the loss; rare defects should count more."""
    counts = torch.bincount(labels, minlength=n_classes).float()
    return counts.sum() / (n_classes * counts)


def sample(n, rng):
    y = rng.choice(3, size=n, p=[0.86, 0.09, 0.05])
    centers = np.array([[0, 0, 0, 0], [1.6, 0, 1.0, 0], [0, 1.6, 0, 1.0]])
    x = centers[y] + rng.normal(0, 1, (n, 4))
    return torch.tensor(x, dtype=torch.float32), torch.tensor(y)


def recall_per_class(pred, y):
    return [(pred[y == c] == c).float().mean().item() for c in range(len(CLASSES))]


def main():
    rng = np.random.default_rng(40)
    torch.manual_seed(40)
    x_train, y_train = sample(1500, rng)
    x_test, y_test = sample(1500, rng)

    net = nn.Sequential(nn.Linear(4, 32), nn.ReLU(), nn.Linear(32, len(CLASSES)))
    weight = class_weights(y_train, len(CLASSES))
    optimizer = torch.optim.Adam(net.parameters(), lr=2e-3)
    print("weights:", [round(w, 3) for w in weight.tolist()])

    for epoch in range(12):
        net.train()
        for idx in torch.randperm(len(x_train)).split(50):
            optimizer.zero_grad()
            loss = F.cross_entropy(net(x_train[idx]), y_train[idx], weight=weight)
            loss.backward()
            optimizer.step()

    net.eval()
    with torch.no_grad():
        pred = net(x_test).argmax(dim=1)
    recalls = recall_per_class(pred, y_test)
    for name, r in zip(CLASSES, recalls):
        print(f"recall {name:8s} {r:.3f}")
    print(f"balanced accuracy {sum(recalls) / len(recalls):.3f}")


if __name__ == "__main__":
    main()
