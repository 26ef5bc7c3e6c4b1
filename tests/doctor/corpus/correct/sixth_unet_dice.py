import argparse
import logging

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset, random_split


class Shapes(Dataset):
    """Noisy discs and squares; the mask is the disc."""

    def __init__(self, n, size=24, seed=0):
        g = torch.Generator().manual_seed(seed)
        yy, xx = torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")
        self.images, self.masks = [], []
        for _ in range(n):
            (cy, cx, sy, sx) = torch.randint(5, size - 5, (4,), generator=g).tolist()
            r = int(torch.randint(3, 6, (1,), generator=g))
            disc = ((yy - cy) ** 2 + (xx - cx) ** 2 <= r * r).float()
            square = (((yy - sy).abs() <= 2) & ((xx - sx).abs() <= 2)).float()
            img = torch.maximum(disc, 0.9 * square) + 0.2 * torch.randn(size, size, generator=g)
            self.images.append(img[None])
            self.masks.append(disc[None])

    def __len__(self):
        return len(self.images)

    def __getitem__(self, i):
        return {"image": self.images[i].contiguous(), "mask": self.masks[i].contiguous()}


class DoubleConv(nn.Module):
    """(convolution => [BN] => ReLU) * 2"""

    def __init__(self, cin, cout):
        super().__init__()
        self.double_conv = nn.Sequential(
            nn.Conv2d(cin, cout, kernel_size=3, padding=1, bias=False), nn.BatchNorm2d(cout), nn.ReLU(inplace=True),
            nn.Conv2d(cout, cout, kernel_size=3, padding=1, bias=False), nn.BatchNorm2d(cout), nn.ReLU(inplace=True))

    def forward(self, x):
        return self.double_conv(x)


class Up(nn.Module):
    def __init__(self, cin, cout):
        super().__init__()
        self.up = nn.ConvTranspose2d(cin, cin // 2, kernel_size=2, stride=2)
        self.conv = DoubleConv(cin, cout)

    def forward(self, x1, x2):
        x1 = self.up(x1)
        dy, dx = x2.size(2) - x1.size(2), x2.size(3) - x1.size(3)
        x1 = F.pad(x1, [dx // 2, dx - dx // 2, dy // 2, dy - dy // 2])
        return self.conv(torch.cat([x2, x1], dim=1))


class UNet(nn.Module):
    def __init__(self, n_channels=1, n_classes=1, base=8):
        super().__init__()
        self.inc = DoubleConv(n_channels, base)
        self.down1 = nn.Sequential(nn.MaxPool2d(2), DoubleConv(base, base * 2))
        self.down2 = nn.Sequential(nn.MaxPool2d(2), DoubleConv(base * 2, base * 4))
        self.up1, self.up2 = Up(base * 4, base * 2), Up(base * 2, base)
        self.outc = nn.Conv2d(base, n_classes, kernel_size=1)

    def forward(self, x):
        x1 = self.inc(x)
        x2 = self.down1(x1)
        x3 = self.down2(x2)
        return self.outc(self.up2(self.up1(x3, x2), x1))


def dice_coeff(pred, target, eps=1e-6):
    """One coefficient per picture, averaged over the pictures."""
    inter = 2 * (pred * target).sum(dim=(-1, -2, -3))
    sets = pred.sum(dim=(-1, -2, -3)) + target.sum(dim=(-1, -2, -3))
    return ((inter + eps) / (sets + eps)).mean()


def dice_loss(pred, target):
    return 1 - dice_coeff(pred, target)


@torch.inference_mode()
def evaluate(net, loader, device):
    net.eval()
    score = 0
    for batch in loader:
        image, mask = batch["image"].to(device), batch["mask"].to(device)
        pred = (torch.sigmoid(net(image)) > 0.5).float()
        score += dice_coeff(pred, mask) * image.size(0)
    net.train()
    return (score / len(loader.dataset)).item()


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--epochs", "-e", type=int, default=5)
    p.add_argument("--batch-size", "-b", type=int, default=16)
    p.add_argument("--learning-rate", "-l", type=float, default=2e-3)
    args = p.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(levelname)s: %(message)s")
    torch.manual_seed(0)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    train_set, val_set, test_set = random_split(Shapes(320), [208, 56, 56], generator=torch.Generator().manual_seed(0))
    train_loader = DataLoader(train_set, shuffle=True, batch_size=args.batch_size)
    val_loader = DataLoader(val_set, batch_size=args.batch_size)
    model = UNet().to(device)
    optimizer = torch.optim.RMSprop(model.parameters(), lr=args.learning_rate, weight_decay=1e-8, momentum=0.5)
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, "max", patience=2)  # goal: maximize Dice score
    criterion = nn.BCEWithLogitsLoss()
    for epoch in range(1, args.epochs + 1):
        model.train()
        epoch_loss = 0
        for batch in train_loader:
            images, true_masks = batch["image"].to(device), batch["mask"].to(device)
            masks_pred = model(images)
            loss = criterion(masks_pred, true_masks)
            loss += dice_loss(torch.sigmoid(masks_pred), true_masks)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            epoch_loss += loss.item() * images.size(0)
        val_score = evaluate(model, val_loader, device)
        scheduler.step(val_score)
        logging.info("epoch %d loss %.3f validation Dice %.3f", epoch, epoch_loss / len(train_set), val_score)
    print("test Dice %.3f" % evaluate(model, DataLoader(test_set, batch_size=args.batch_size), device))


if __name__ == "__main__":
    main()
