import torch
import torch.nn as nn
from sklearn.metrics import confusion_matrix

SKIP = -100
CLASSES = ("water", "field", "forest", "town")


def scene(n, size, g):
    """per-pixel labels on a coarse grid, four noisy bands, some pixels unlabelled"""
    coarse = torch.randint(0, 4, (n, size // 4, size // 4), generator=g)
    lab = coarse.repeat_interleave(4, 1).repeat_interleave(4, 2)
    band = torch.eye(4)[lab].permute(0, 3, 1, 2)
    img = band + 0.9 * torch.randn(n, 4, size, size, generator=g)
    lab = lab.masked_fill(torch.rand(lab.shape, generator=g) < 0.1, SKIP)
    return img, lab


g = torch.Generator().manual_seed(88)
torch.manual_seed(88)
train_img, train_lab = scene(60, 16, g)
test_img, test_lab = scene(30, 16, g)

options = {
    "model": dict(channels=16, kernel=3),
    "loss": dict(ignore_index=SKIP, label_smoothing=0.05),
    "optim": dict(lr=5e-3, betas=(0.9, 0.99)),
}


def build(channels, kernel):
    p = kernel // 2
    return nn.Sequential(
        nn.Conv2d(4, channels, kernel, padding=p), nn.ReLU(),
        nn.Conv2d(channels, channels, kernel, padding=p), nn.ReLU(),
        nn.Conv2d(channels, len(CLASSES), 1),
    )


if __name__ == "__main__":
    net = build(**options["model"])
    crit = nn.CrossEntropyLoss(**options["loss"])
    opt = torch.optim.NAdam(net.parameters(), **options["optim"])
    for epoch in range(12):
        net.train()
        for idx in torch.randperm(60).split(10):
            opt.zero_grad()
            crit(net(train_img[idx]), train_lab[idx]).backward()
            opt.step()
    net.eval()
    with torch.no_grad():
        pred = net(test_img).argmax(1)
    known = test_lab != SKIP
    table = confusion_matrix(test_lab[known], pred[known], labels=range(4))
    for name, row in zip(CLASSES, table):
        print(f"{name:8s}", row.tolist())
