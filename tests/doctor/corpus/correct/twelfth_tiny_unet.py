import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset


def make_blobs(n, size=24):
    ys = torch.arange(size).view(1, size, 1)
    xs = torch.arange(size).view(1, 1, size)
    masks = torch.zeros(n, size, size)
    for _ in range(2):
        c = torch.randint(4, size - 4, (n, 2))
        r = torch.randint(2, 6, (n, 1, 1))
        inside = (ys - c[:, 0].view(n, 1, 1)) ** 2 + (xs - c[:, 1].view(n, 1, 1)) ** 2 <= r ** 2
        masks = torch.maximum(masks, inside.float())
    images = 0.8 * masks + 0.5 * torch.randn(n, size, size)
    return images.unsqueeze(1), masks.unsqueeze(1)


def double_conv(cin, cout):
    return nn.Sequential(
        nn.Conv2d(cin, cout, 3, padding=1, bias=False), nn.BatchNorm2d(cout), nn.ReLU(inplace=True),
        nn.Conv2d(cout, cout, 3, padding=1, bias=False), nn.BatchNorm2d(cout), nn.ReLU(inplace=True))


class UNet(nn.Module):
    def __init__(self, base=8):
        super().__init__()
        self.down1 = double_conv(1, base)
        self.down2 = double_conv(base, 2 * base)
        self.mid = double_conv(2 * base, 4 * base)
        self.up2 = nn.ConvTranspose2d(4 * base, 2 * base, 2, stride=2)
        self.dec2 = double_conv(4 * base, 2 * base)
        self.up1 = nn.ConvTranspose2d(2 * base, base, 2, stride=2)
        self.dec1 = double_conv(2 * base, base)
        self.head = nn.Conv2d(base, 1, 1)

    def forward(self, x):
        a = self.down1(x)
        b = self.down2(F.max_pool2d(a, 2))
        c = self.mid(F.max_pool2d(b, 2))
        b = self.dec2(torch.cat([self.up2(c), b], dim=1))
        a = self.dec1(torch.cat([self.up1(b), a], dim=1))
        return self.head(a)


def dice_loss(logits, target, eps=1.0):
    p = torch.sigmoid(logits)
    inter = (p * target).sum((1, 2, 3))
    total = p.sum((1, 2, 3)) + target.sum((1, 2, 3))
    return (1 - (2 * inter + eps) / (total + eps)).mean()


@torch.no_grad()
def iou(model, loader):
    model.eval()
    inter = union = 0
    for img, mask in loader:
        pred, truth = model(img) > 0, mask > 0.5
        inter += (pred & truth).sum().item()
        union += (pred | truth).sum().item()
    return inter / union


if __name__ == "__main__":
    torch.manual_seed(99)
    train_dl = DataLoader(TensorDataset(*make_blobs(160)), batch_size=16, shuffle=True)
    val_dl = DataLoader(TensorDataset(*make_blobs(48)), batch_size=16)
    net = UNet()
    optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=3, gamma=0.5)
    for epoch in range(5):
        net.train()
        seen, loss_sum = 0, 0.0
        for img, mask in train_dl:
            logits = net(img)
            loss = F.binary_cross_entropy_with_logits(logits, mask) + dice_loss(logits, mask)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            loss_sum += loss.item() * img.size(0)
            seen += img.size(0)
        scheduler.step()
        print(f"epoch {epoch} loss {loss_sum / seen:.4f} val IoU {iou(net, val_dl):.3f}")
