import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(19)
C, S = 3, 12


def scenes(n):
    """Three textures in vertical bands with random borders."""
    cut = torch.sort(torch.randint(2, S - 1, (n, 2)), dim=1)[0]
    col = torch.arange(S).expand(n, S)
    lab = (col >= cut[:, :1]).long() + (col >= cut[:, 1:]).long()
    lab = lab.unsqueeze(1).expand(n, S, S).contiguous()
    tone = torch.tensor([-1.0, 0.0, 1.0])[lab]
    return (tone + 0.5 * torch.randn(n, S, S)).unsqueeze(1), lab


class PixelLoss(nn.Module):
    def __init__(self, n_classes):
        super().__init__()
        self.n_classes = n_classes
        self.ce = nn.CrossEntropyLoss()

    def forward(self, logits, labels):
        flat = logits.reshape(-1, self.n_classes)
        return self.ce(flat, labels.reshape(-1))


class FCN(nn.Module):
    def __init__(self):
        super().__init__()
        self.c1 = nn.Conv2d(1, 12, 3, padding=1)
        self.c2 = nn.Conv2d(12, 12, 3, padding=2, dilation=2)
        self.c3 = nn.Conv2d(12, C, 1)

    def forward(self, x):
        return self.c3(F.relu(self.c2(F.relu(self.c1(x)))))


def pixel_accuracy(net, x, lab):
    net.eval()
    with torch.no_grad():
        return (net(x).argmax(1) == lab).float().mean().item()


def main():
    x, lab = scenes(240)
    xt, labt = scenes(80)
    net = FCN()
    loss_fn = PixelLoss(C)
    opt = torch.optim.Adam(net.parameters(), lr=8e-3)
    for epoch in range(6):
        net.train()
        for i in torch.randperm(240).split(24):
            loss = loss_fn(net(x[i]), lab[i])
            opt.zero_grad()
            loss.backward()
            opt.step()
        print('epoch', epoch, 'loss %.3f' % loss.item(), 'pixel acc %.3f' % pixel_accuracy(net, xt, labt))


if __name__ == '__main__':
    main()
