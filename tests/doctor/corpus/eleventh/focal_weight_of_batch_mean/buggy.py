import torch
import torch.nn as nn
import torch.nn.functional as F


class FocalLoss(nn.Module):
    """FL(p_t) = -(1 - p_t)^gamma * log(p_t), mean over the batch"""

    def __init__(self, gamma=2.0):
        super().__init__()
        self.gamma = gamma

    def forward(self, logits, target):
        ce = F.cross_entropy(logits, target)
        pt = torch.exp(-ce)
        loss = (1 - pt) ** self.gamma * ce
        return loss.mean()


def long_tailed(counts, means, std=1.0):
    xs, ys = [], []
    for k, c in enumerate(counts):
        xs.append(means[k] + std * torch.randn(c, means.shape[1]))
        ys.append(torch.full((c,), k))
    return torch.cat(xs), torch.cat(ys)


def per_class_recall(model, x, y, num_classes):
    model.eval()
    with torch.no_grad():
        pred = model(x).argmax(1)
    return [(pred[y == k] == k).float().mean().item() for k in range(num_classes)]


def main():
    torch.manual_seed(2020)
    num_classes = 5
    means = 1.1 * torch.randn(num_classes, 12)
    x_train, y_train = long_tailed([800, 400, 150, 60, 25], means)
    x_test, y_test = long_tailed([100] * num_classes, means)

    model = nn.Sequential(nn.Linear(12, 64), nn.ReLU(), nn.Dropout(0.2), nn.Linear(64, num_classes))
    criterion = FocalLoss(gamma=2.0)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=2e-4)
    scheduler = torch.optim.lr_scheduler.MultiStepLR(optimizer, milestones=[10, 13], gamma=0.1)
    for epoch in range(15):
        model.train()
        for idx in torch.randperm(len(x_train)).split(64):
            optimizer.zero_grad()
            loss = criterion(model(x_train[idx]), y_train[idx])
            loss.backward()
            optimizer.step()
        scheduler.step()
        if (epoch + 1) % 5 == 0:
            recall = per_class_recall(model, x_test, y_test, num_classes)
            print(f"epoch {epoch + 1:2d}  loss {loss.item():.4f}  recall", " ".join(f"{r:.2f}" for r in recall))


if __name__ == "__main__":
    main()
