import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset

SIZE = (32, 32)
INTERP = {"image": dict(mode="bilinear", align_corners=False), "mask": dict(mode="bilinear", align_corners=False)}


def render(n, gen, size=20):
    """0 background, 1 stripe, 2 disc, each with its own colour."""
    palette = torch.tensor([[0.1, 0.1, 0.1], [0.1, 0.7, 0.2], [0.7, 0.2, 0.6]])
    grid = torch.arange(size)
    for _ in range(n):
        mask = torch.zeros(size, size, dtype=torch.long)
        at = int(torch.randint(0, size - 3, (1,), generator=gen))
        mask[:, at:at + 3] = 1
        cy, cx = torch.randint(4, size - 4, (2,), generator=gen).tolist()
        mask[(grid[:, None] - cy) ** 2 + (grid - cx) ** 2 <= 16] = 2
        image = palette[mask].permute(2, 0, 1) + 0.15 * torch.randn(3, size, size, generator=gen)
        yield image, mask


def resize(t, kind):
    return F.interpolate(t.unsqueeze(0).float(), size=SIZE, **INTERP[kind]).squeeze(0)


class Scenes(Dataset):
    def __init__(self, n, seed):
        self.pairs = list(render(n, torch.Generator().manual_seed(seed)))

    def __len__(self):
        return len(self.pairs)

    def __getitem__(self, i):
        image, mask = self.pairs[i]
        return resize(image, "image"), resize(mask.unsqueeze(0), "mask").squeeze(0).long()


def net(width=16):
    layers, c = [], 3
    for d in (1, 2, 1):
        layers += [nn.Conv2d(c, width, 3, padding=d, dilation=d), nn.BatchNorm2d(width), nn.ReLU()]
        c = width
    return nn.Sequential(*layers, nn.Conv2d(c, 3, 1))


def confusion(model, loader):
    table = torch.zeros(9, dtype=torch.long)
    model.eval()
    with torch.no_grad():
        for image, mask in loader:
            guess = model(image).argmax(1)
            table += torch.bincount((mask * 3 + guess).flatten(), minlength=9)
    return table.view(3, 3)


def main():
    torch.manual_seed(23)
    train = DataLoader(Scenes(120, 1), batch_size=12, shuffle=True)
    test = DataLoader(Scenes(60, 2), batch_size=30)
    model = net()
    opt = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4)
    for _ in range(4):
        model.train()
        for image, mask in train:
            opt.zero_grad()
            F.cross_entropy(model(image), mask).backward()
            opt.step()
    t = confusion(model, test)
    iou = t.diag() / (t.sum(0) + t.sum(1) - t.diag())
    print("IoU per class", [round(v, 3) for v in iou.tolist()], "pixels per class", t.sum(1).tolist())


if __name__ == "__main__":
    main()
