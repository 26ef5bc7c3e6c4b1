import torch
import torch.nn as nn
import torch.nn.functional as F


def discs(n, size=24, generator=None):
    """Images with one bright disc on a textured ground, and its mask."""
    yy, xx = torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")
    cx = torch.randint(5, size - 5, (n, 1, 1), generator=generator)
    cy = torch.randint(5, size - 5, (n, 1, 1), generator=generator)
    r = torch.randint(3, 6, (n, 1, 1), generator=generator)
    mask = ((xx - cx) ** 2 + (yy - cy) ** 2 <= r ** 2).float()
    image = 1.2 * mask + 0.5 * torch.randn(n, size, size, generator=generator)
    return image.unsqueeze(1), mask.unsqueeze(1)


class TinySeg(nn.Module):
    def __init__(self, c: int = 12):
        super().__init__()
        self.enc = nn.Sequential(nn.Conv2d(1, c, 3, padding=1), nn.ReLU(), nn.Conv2d(c, c, 3, padding=1), nn.ReLU())
        self.mid = nn.Sequential(nn.MaxPool2d(2), nn.Conv2d(c, 2 * c, 3, padding=1), nn.ReLU())
        self.dec = nn.Conv2d(3 * c, c, 3, padding=1)
        self.out = nn.Conv2d(c, 1, 1)

    def forward(self, x):
        skip = self.enc(x)
        up = F.interpolate(self.mid(skip), scale_factor=2, mode="nearest")
        return self.out(F.relu(self.dec(torch.cat([skip, up], dim=1))))


def dice_score(prob, mask, eps=1e-6):
    pred = (prob > 0.5).float()
    inter = (pred * mask).sum(dim=(1, 2, 3))
    return (2 * inter / (pred.sum(dim=(1, 2, 3)) + mask.sum(dim=(1, 2, 3)) + eps)).mean().item()


def predict_tta(model, image):
    views = [torch.sigmoid(model(image))]
    for dims in ((-1,), (-2,), (-2, -1)):
        prob = torch.sigmoid(model(image.flip(dims)))
        views.append(prob)
    return torch.stack(views).mean(dim=0)


def main():
    torch.manual_seed(0)
    g = torch.Generator().manual_seed(1)
    image, mask = discs(256, generator=g)
    test_image, test_mask = discs(64, generator=g)
    model = TinySeg()
    optimizer = torch.optim.Adam(model.parameters(), lr=8e-3)
    criterion = nn.BCEWithLogitsLoss()
    for epoch in range(6):
        model.train()
        total = 0.0
        for idx in torch.randperm(len(image)).split(16):
            loss = criterion(model(image[idx]), mask[idx])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(idx)
        print(f"epoch {epoch}: bce {total / len(image):.4f}")
    model.eval()
    with torch.no_grad():
        single = torch.sigmoid(model(test_image))
        print(f"dice, one view  {dice_score(single, test_mask):.3f}")
        print(f"dice, four views {dice_score(predict_tta(model, test_image), test_mask):.3f}")


if __name__ == "__main__":
    main()
