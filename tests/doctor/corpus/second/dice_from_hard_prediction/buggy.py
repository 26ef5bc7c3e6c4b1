import torch
import torch.nn as nn
import torch.nn.functional as F

# 작은 물체 분할 실험
SIZE, N_TRAIN, N_TEST = 20, 160, 80


def sample(n, gen):
    mask = torch.zeros(n, 1, SIZE, SIZE)
    for m in mask:
        r, c = torch.randint(1, SIZE - 4, (2,), generator=gen).tolist()
        m[0, r:r + 3, c:c + 3] = 1.0
    img = 0.9 * mask + 0.55 * torch.randn(n, 1, SIZE, SIZE, generator=gen)
    return img, mask


def soft_dice(logits, mask, eps=1.0):
    p = (torch.sigmoid(logits) > 0.5).float()
    inter = (p * mask).sum(dim=(1, 2, 3))
    total = p.sum(dim=(1, 2, 3)) + mask.sum(dim=(1, 2, 3))
    return (1 - (2 * inter + eps) / (total + eps)).mean()


class MixedLoss:
    def __init__(self, dice_weight):
        self.w = dice_weight

    def __call__(self, logits, mask):
        bce = F.binary_cross_entropy_with_logits(logits, mask)
        return (1 - self.w) * bce + self.w * soft_dice(logits, mask)


class Net(nn.Module):
    def __init__(self, ch=10):
        super().__init__()
        self.layers = nn.ModuleList([nn.Conv2d(1, ch, 5, padding=2), nn.Conv2d(ch, ch, 3, padding=1)])
        self.last = nn.Conv2d(ch, 1, 1)

    def forward(self, x):
        for layer in self.layers:
            x = F.relu(layer(x))
        return self.last(x)


@torch.no_grad()
def dice_score(net, img, mask):
    net.eval()
    pred = (net(img) > 0).float()
    return (2 * (pred * mask).sum() / (pred.sum() + mask.sum()).clamp(min=1)).item()


def main():
    torch.manual_seed(2)
    gen = torch.Generator().manual_seed(2)
    img, mask = sample(N_TRAIN, gen)
    img_t, mask_t = sample(N_TEST, gen)
    net, criterion = Net(), MixedLoss(dice_weight=0.9)
    opt = torch.optim.Adam(net.parameters(), lr=4e-3)
    for epoch in range(10):
        net.train()
        for idx in torch.randperm(N_TRAIN).split(16):
            loss = criterion(net(img[idx]), mask[idx])
            opt.zero_grad()
            loss.backward()
            opt.step()
        if epoch % 3 == 0:
            print(f'에폭 {epoch} dice {dice_score(net, img_t, mask_t):.3f}')


main()
