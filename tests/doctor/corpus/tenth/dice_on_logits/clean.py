import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(2)
SIZE = 24


def blobs(n):
    """Noisy images with one disc each, and the disc as mask."""
    yy, xx = torch.meshgrid(torch.arange(SIZE), torch.arange(SIZE), indexing="ij")
    cy, cx = torch.randint(6, SIZE - 6, (2, n, 1, 1))
    r = torch.randint(3, 6, (n, 1, 1))
    mask = ((yy - cy) ** 2 + (xx - cx) ** 2 <= r ** 2).float().unsqueeze(1)
    return mask + 0.6 * torch.randn(n, 1, SIZE, SIZE), mask


def dice_loss(pred, target, smooth=1.0):
    inter = (pred * target).sum(dim=(1, 2, 3))
    total = pred.sum(dim=(1, 2, 3)) + target.sum(dim=(1, 2, 3))
    return (1 - (2 * inter + smooth) / (total + smooth)).mean()


net = nn.Sequential(
    nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(),
    nn.Conv2d(8, 8, 3, padding=1), nn.ReLU(),
    nn.Conv2d(8, 1, 1),
)
opt = torch.optim.Adam(net.parameters(), lr=5e-3)
train_img, train_msk = blobs(160)
val_img, val_msk = blobs(40)

for epoch in range(6):
    net.train()
    for idx in torch.randperm(len(train_img)).split(16):
        logits = net(train_img[idx])
        bce = F.binary_cross_entropy_with_logits(logits, train_msk[idx])
        loss = bce + dice_loss(torch.sigmoid(logits), train_msk[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
    net.eval()
    with torch.no_grad():
        hard = (torch.sigmoid(net(val_img)) > 0.5).float()
        dice = 1 - dice_loss(hard, val_msk)
    print(f"epoch {epoch} last batch loss {loss.item():.3f} val dice {dice.item():.3f}")
