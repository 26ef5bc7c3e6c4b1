"""Style transfer in small: the optimizer holds the picture, the network's weights stay as they are."""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)
S = 24
yy, xx = torch.meshgrid(torch.linspace(-1, 1, S), torch.linspace(-1, 1, S), indexing="ij")
content = ((xx ** 2 + yy ** 2) < 0.4).float().expand(1, 3, S, S).contiguous()
style = torch.stack([torch.sin(12 * (xx + yy)), torch.cos(9 * xx), torch.sin(15 * yy)]).unsqueeze(0) * 0.5 + 0.5

features = nn.Sequential(nn.Conv2d(3, 16, 3, padding=1), nn.ReLU(), nn.Conv2d(16, 24, 3, padding=1), nn.ReLU(), nn.AvgPool2d(2),
                         nn.Conv2d(24, 32, 3, padding=1), nn.ReLU()).eval().requires_grad_(False)
TAPS = {1, 3, 6}


def extract(img):
    out, h = [], img
    for i, layer in enumerate(features):
        h = layer(h)
        if i in TAPS:
            out.append(h)
    return out


def gram(f):
    b, c, h, w = f.shape
    f = f.view(b, c, h * w)
    return f @ f.transpose(1, 2) / (c * h * w)


def tv(img):
    return (img[..., 1:, :] - img[..., :-1, :]).abs().mean() + (img[..., 1:] - img[..., :-1]).abs().mean()


style_grams = [gram(f) for f in extract(style)]
content_feat = extract(content)[-1]
raw = torch.logit(content.clamp(0.05, 0.95)).clone().requires_grad_(True)     # the sigmoid keeps the pixels in [0, 1]
opt = torch.optim.LBFGS([raw], max_iter=3, history_size=10, line_search_fn="strong_wolfe")
log = {}


def closure():
    opt.zero_grad()
    feats = extract(raw.sigmoid())
    c = F.mse_loss(feats[-1], content_feat)
    s = sum(F.mse_loss(gram(f), g) for f, g in zip(feats, style_grams))
    loss = 1e3 * c + 2e5 * s + 1e-2 * tv(raw.sigmoid())
    loss.backward()
    log.update(content=c.item(), style=s.item(), total=loss.item())
    return loss


for it in range(20):
    opt.step(closure)
    if it % 5 == 4:
        print(it + 1, {k: f"{v:.2e}" for k, v in log.items()})
picture = raw.detach().sigmoid()
print("range", picture.min().item(), picture.max().item())
