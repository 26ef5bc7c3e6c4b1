import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(2)


class Extractor(nn.Module):
    """Fixed random filters stand in for the first VGG blocks."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 12, 3, padding=1)
        self.conv2 = nn.Conv2d(12, 16, 3, padding=1)
        for conv in (self.conv1, self.conv2):
            nn.init.kaiming_normal_(conv.weight, nonlinearity="relu")
        for p in self.parameters():
            p.requires_grad_(False)

    def forward(self, x):
        a = F.relu(self.conv1(x))
        b = F.relu(self.conv2(F.avg_pool2d(a, 2)))
        return [a, b]


class TransformNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Conv2d(3, 16, 3, padding=1), nn.InstanceNorm2d(16, affine=True), nn.ReLU(),
                                 nn.Conv2d(16, 16, 3, padding=1), nn.ReLU(), nn.Conv2d(16, 3, 3, padding=1))

    def forward(self, x):
        return torch.sigmoid(self.net(x))


def gram(feat):
    b, c, h, w = feat.shape
    f = feat.reshape(b * c, h * w)
    return torch.mm(f, f.t()) / (c * h * w)


BATCH = 4
style = torch.rand(1, 3, 1, 32).repeat(1, 1, 32, 1)            # vertical stripes
content = F.avg_pool2d(torch.rand(64, 3, 34, 34), 3, stride=1) * torch.rand(64, 3, 1, 1)
vgg, net = Extractor().eval(), TransformNet()
style_grams = [gram(f) for f in vgg(style.expand(BATCH, -1, -1, -1))]
optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)

for epoch in range(4):
    c_sum = s_sum = 0.0
    for idx in torch.randperm(64).split(BATCH):
        x = content[idx]
        out = net(x)
        f_out, f_x = vgg(out), vgg(x)
        content_loss = F.mse_loss(f_out[1], f_x[1])
        style_loss = sum(F.mse_loss(gram(f), g) for f, g in zip(f_out, style_grams))
        loss = content_loss + 2000.0 * style_loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        c_sum += content_loss.item()
        s_sum += style_loss.item()
    print(f"epoch {epoch}: content {c_sum / 16:.3e} style {s_sum / 16:.3e}")
