"""A small U-Net on synthetic shapes: cross entropy plus soft Dice, unlabelled border pixels ignored."""
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

CLASSES, SIZE, VOID = 3, 24, 255


def conv(c_in, c_out):
    return nn.Sequential(nn.Conv2d(c_in, c_out, 3, padding=1, bias=False), nn.BatchNorm2d(c_out), nn.ReLU(inplace=True))


class UNet(nn.Module):
    def __init__(self, width=8):
        super().__init__()
        self.down1 = conv(1, width)
        self.down2 = conv(width, 2 * width)
        self.bottom = conv(2 * width, 4 * width)
        self.up2 = nn.ConvTranspose2d(4 * width, 2 * width, 2, stride=2)
        self.dec2 = conv(4 * width, 2 * width)
        self.up1 = nn.ConvTranspose2d(2 * width, width, 2, stride=2)
        self.dec1 = conv(2 * width, width)
        self.head = nn.Conv2d(width, CLASSES, 1)

    def forward(self, x):
        a = self.down1(x)
        b = self.down2(F.max_pool2d(a, 2))
        c = self.bottom(F.max_pool2d(b, 2))
        b = self.dec2(torch.cat([self.up2(c), b], dim=1))
        a = self.dec1(torch.cat([self.up1(b), a], dim=1))
        return self.head(a)


def shapes(n, gen):
    """Class 1: a square. Class 2: a disc. One of each; the outermost pixels are void."""
    yy, xx = torch.meshgrid(torch.arange(SIZE), torch.arange(SIZE), indexing="ij")
    cy, cx, ry, rx = torch.randint(5, SIZE - 5, (4, n, 1, 1), generator=gen)
    square = ((yy - ry).abs() <= 3) & ((xx - rx).abs() <= 3)
    disc = (yy - cy) ** 2 + (xx - cx) ** 2 <= 16
    mask = torch.zeros(n, SIZE, SIZE, dtype=torch.long)
    mask[square] = 1
    mask[disc] = 2
    image = 1.0 * square + disc * 0.8 + 0.25 * torch.randn(n, SIZE, SIZE, generator=gen)
    border = (yy == 0) | (yy == SIZE - 1) | (xx == 0) | (xx == SIZE - 1)
    mask[:, border] = VOID
    return image.unsqueeze(1), mask


def dice_loss(logits, target):
    valid = (target != VOID).unsqueeze(1)
    onehot = F.one_hot(target.masked_fill(target == VOID, 0), CLASSES).permute(0, 3, 1, 2) * valid
    prob = logits.softmax(dim=1) * valid
    inter = (prob * onehot).sum(dim=(0, 2, 3))
    total = (prob + onehot).sum(dim=(0, 2, 3))
    return 1 - ((2 * inter + 1) / (total + 1)).mean()


@torch.no_grad()
def mean_iou(model, loader):
    model.eval()
    confusion = torch.zeros(CLASSES, CLASSES, dtype=torch.long)
    for image, mask in loader:
        pred = model(image).argmax(dim=1)
        keep = mask != VOID
        pairs = mask[keep] * CLASSES + pred[keep]
        confusion += torch.bincount(pairs, minlength=CLASSES**2).view(CLASSES, CLASSES)
    inter = confusion.diagonal()
    union = confusion.sum(0) + confusion.sum(1) - inter
    return (inter / union).mean().item()


def main():
    torch.manual_seed(30)
    gen = torch.Generator().manual_seed(30)
    train = DataLoader(TensorDataset(*shapes(192, gen)), batch_size=16, shuffle=True)
    val = DataLoader(TensorDataset(*shapes(64, gen)), batch_size=32)
    model = UNet()
    opt = torch.optim.AdamW(model.parameters(), lr=5e-3)
    for epoch in range(8):
        model.train()
        running = 0.0
        for image, mask in train:
            logits = model(image)
            loss = F.cross_entropy(logits, mask, ignore_index=VOID) + dice_loss(logits, mask)
            opt.zero_grad()
            loss.backward()
            opt.step()
            running += loss.item() * image.size(0)
        print(f"epoch {epoch}: loss {running / len(train.dataset):.3f}, val mIoU {mean_iou(model, val):.3f}")


if __name__ == "__main__":
    main()
