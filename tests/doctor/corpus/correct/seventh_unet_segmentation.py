"""Binary segmentation of bright blobs with a tiny U-Net (BCE + soft Dice)."""
import copy

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset


def make_images(n, seed, size=32):
    rng = np.random.default_rng(seed)
    yy, xx = np.mgrid[:size, :size]
    images = rng.normal(0.0, 0.3, (n, 1, size, size)).astype(np.float32)
    masks = np.zeros((n, 1, size, size), dtype=np.float32)
    for i in range(n):
        for _ in range(rng.integers(1, 4)):
            cy, cx = rng.uniform(4, size - 4, 2)
            ry, rx = rng.uniform(2.5, 6, 2)
            masks[i, 0][((yy - cy) / ry) ** 2 + ((xx - cx) / rx) ** 2 <= 1] = 1.0
        images[i, 0] += masks[i, 0] * rng.uniform(0.8, 1.2)
    return TensorDataset(torch.from_numpy(images), torch.from_numpy(masks))


def double_conv(c_in, c_out):
    return nn.Sequential(
        nn.Conv2d(c_in, c_out, 3, padding=1, bias=False), nn.BatchNorm2d(c_out), nn.ReLU(inplace=True),
        nn.Conv2d(c_out, c_out, 3, padding=1, bias=False), nn.BatchNorm2d(c_out), nn.ReLU(inplace=True),
    )


class TinyUNet(nn.Module):
    def __init__(self, base=8):
        super().__init__()
        self.enc1 = double_conv(1, base)
        self.enc2 = double_conv(base, 2 * base)
        self.mid = double_conv(2 * base, 4 * base)
        self.up2 = nn.ConvTranspose2d(4 * base, 2 * base, 2, stride=2)
        self.dec2 = double_conv(4 * base, 2 * base)
        self.up1 = nn.ConvTranspose2d(2 * base, base, 2, stride=2)
        self.dec1 = double_conv(2 * base, base)
        self.out = nn.Conv2d(base, 1, 1)

    def forward(self, x):
        e1 = self.enc1(x)
        e2 = self.enc2(F.max_pool2d(e1, 2))
        m = self.mid(F.max_pool2d(e2, 2))
        d2 = self.dec2(torch.cat([self.up2(m), e2], dim=1))
        d1 = self.dec1(torch.cat([self.up1(d2), e1], dim=1))
        return self.out(d1)


class BCEDiceLoss(nn.Module):
    def __init__(self, dice_weight=0.5, eps=1.0):
        super().__init__()
        self.dice_weight = dice_weight
        self.eps = eps

    def forward(self, logits, target):
        bce = F.binary_cross_entropy_with_logits(logits, target)
        prob = torch.sigmoid(logits)
        inter = (prob * target).sum(dim=(1, 2, 3))
        size = prob.sum(dim=(1, 2, 3)) + target.sum(dim=(1, 2, 3))
        dice = (2 * inter + self.eps) / (size + self.eps)
        return bce + self.dice_weight * (1 - dice).mean()


@torch.no_grad()
def evaluate(model, loader):
    """Mean Dice per image and IoU over all pixels."""
    model.eval()
    dice_sum, n, inter_all, union_all = 0.0, 0, 0.0, 0.0
    for image, mask in loader:
        pred = (model(image) > 0).float()          # logit 0 <=> probability 0.5
        inter = (pred * mask).sum(dim=(1, 2, 3))
        total = pred.sum(dim=(1, 2, 3)) + mask.sum(dim=(1, 2, 3))
        dice_sum += (2 * inter / total.clamp(min=1)).sum().item()
        n += len(image)
        inter_all += inter.sum().item()
        union_all += (total - inter).sum().item()
    return dice_sum / n, inter_all / union_all


def main(epochs=5, lr=5e-3):
    torch.manual_seed(0)
    train_loader = DataLoader(make_images(240, 0), batch_size=8, shuffle=True)
    val_loader = DataLoader(make_images(60, 1), batch_size=32)
    test_loader = DataLoader(make_images(60, 2), batch_size=32)

    net = TinyUNet()
    criterion = BCEDiceLoss()
    optimizer = torch.optim.Adam(net.parameters(), lr=lr)
    scheduler = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=lr, epochs=epochs, steps_per_epoch=len(train_loader)
    )
    best, best_state = -1.0, None
    for epoch in range(epochs):
        net.train()
        loss_sum, n = 0.0, 0
        for image, mask in train_loader:
            loss = criterion(net(image), mask)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            scheduler.step()
            loss_sum += loss.item() * len(image)
            n += len(image)
        dice, iou = evaluate(net, val_loader)
        print(f"epoch {epoch + 1}: loss {loss_sum / n:.4f}  val dice {dice:.3f}  val IoU {iou:.3f}")
        if dice > best:
            best, best_state = dice, copy.deepcopy(net.state_dict())

    net.load_state_dict(best_state)
    dice, iou = evaluate(net, test_loader)
    print(f"test dice {dice:.3f}  test IoU {iou:.3f}")


if __name__ == "__main__":
    main()
