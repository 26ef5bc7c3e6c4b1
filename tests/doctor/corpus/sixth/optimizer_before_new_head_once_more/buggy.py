import torch
import torch.nn as nn
import torch.nn.functional as F


class Net(nn.Module):
    def __init__(self, n_classes):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 12, 3, padding=1)
        self.conv2 = nn.Conv2d(12, 24, 3, padding=1)
        self.fc = nn.Linear(24 * 4, n_classes)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.adaptive_avg_pool2d(F.relu(self.conv2(x)), 2)
        return self.fc(x.flatten(1))


class FineTuner:
    """Small rate for the pretrained layers, a larger one for the classifier."""

    def __init__(self, model, lr_body, lr_head):
        head = set(model.fc.parameters())
        body = [p for p in model.parameters() if p not in head]
        self.model = model
        self.opt = torch.optim.Adam([
            {"params": body, "lr": lr_body},
            {"params": list(head), "lr": lr_head},
        ])

    def epoch(self, x, y, batch=40):
        self.model.train()
        for idx in torch.randperm(len(x)).split(batch):
            loss = F.cross_entropy(self.model(x[idx]), y[idx])
            self.opt.zero_grad()
            loss.backward()
            self.opt.step()

    @torch.no_grad()
    def accuracy(self, x, y):
        self.model.eval()
        return (self.model(x).argmax(1) == y).float().mean().item()


def patterns(n, kinds, size=10):
    """Pictures that show one of several small stamps at a random place."""
    y = torch.randint(0, len(kinds), (n,))
    x = 0.3 * torch.randn(n, 1, size, size)
    for i in range(n):
        r, c = torch.randint(0, size - 3, (2,)).tolist()
        x[i, 0, r:r + 3, c:c + 3] += kinds[y[i]]
    return x, y


def main():
    torch.manual_seed(0)
    stamps = (torch.rand(11, 3, 3) > 0.5).float() * 2 - 0.5
    x, y = patterns(800, stamps[:6])
    model = Net(6)
    pre = FineTuner(model, lr_body=3e-3, lr_head=3e-3)
    for _ in range(6):
        pre.epoch(x, y)
    print(f"source task {pre.accuracy(x, y):.3f} (training pictures)")

    x, y = patterns(200, stamps[6:])
    xt, yt = patterns(300, stamps[6:])
    tuner = FineTuner(model, lr_body=1e-3, lr_head=5e-3)
    model.fc = nn.Linear(model.fc.in_features, 5)
    for epoch in range(12):
        tuner.epoch(x, y)
        if epoch % 4 == 3:
            print(f"target task, epoch {epoch + 1}: test {tuner.accuracy(xt, yt):.3f}")


if __name__ == "__main__":
    main()
