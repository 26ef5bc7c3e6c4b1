import os
import tempfile

import torch
import torch.nn as nn
import torch.nn.functional as F


class SegNet(nn.Module):
    """very small fully convolutional net for 16x16 masks"""

    def __init__(self, ch=12):
        super().__init__()
        self.c1 = nn.Conv2d(1, ch, 3, padding=1)
        self.c2 = nn.Conv2d(ch, ch, 3, padding=2, dilation=2)
        self.c3 = nn.Conv2d(ch, 2, 1)

    def forward(self, x):
        return self.c3(F.relu(self.c2(F.relu(self.c1(x)))))


def make_masks(n):
    mask = torch.zeros(n, 16, 16, dtype=torch.long)
    for i in range(n):
        r, c = torch.randint(0, 10, (2,)).tolist()
        mask[i, r:r + 6, c:c + 6] = 1
    return mask.unsqueeze(1).float() + 0.8 * torch.randn(n, 1, 16, 16), mask


@torch.no_grad()
def mean_iou(net, x, mask):
    net.eval()
    pred = net(x).argmax(1)
    ious = []
    for k in range(2):
        inter = ((pred == k) & (mask == k)).sum().item()
        union = ((pred == k) | (mask == k)).sum().item()
        ious.append(inter / max(union, 1))
    return sum(ious) / len(ious)


def main():
    torch.manual_seed(13)
    x_tr, m_tr = make_masks(48)
    x_va, m_va = make_masks(40)
    x_te, m_te = make_masks(40)
    net = SegNet()
    optimizer = torch.optim.Adam(net.parameters(), lr=2e-2)
    best_val = 0.0
    with tempfile.TemporaryDirectory() as savedir:
        best_file = os.path.join(savedir, "model_best.pth")
        for epoch in range(18):
            net.train()
            for idx in torch.randperm(len(x_tr)).split(12):
                loss = F.cross_entropy(net(x_tr[idx]), m_tr[idx])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            miou_val = mean_iou(net, x_va, m_va)
            is_best = miou_val > best_val
            best_val = max(miou_val, best_val)
            if is_best:
                torch.save(net.state_dict(), best_file)
            print(f"epoch {epoch} loss {loss.item():.4f} val mIoU {miou_val:.4f}{' *' if is_best else ''}")
        net.load_state_dict(torch.load(best_file))
    print(f"test mIoU {mean_iou(net, x_te, m_te):.4f}")


if __name__ == "__main__":
    main()
