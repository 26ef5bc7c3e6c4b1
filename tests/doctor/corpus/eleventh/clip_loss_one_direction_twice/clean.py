import math

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(12)


class Tower(nn.Module):
    def __init__(self, d_in, d_out=24):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(d_in, 64), nn.GELU(), nn.Linear(64, d_out))

    def forward(self, x):
        return F.normalize(self.net(x), dim=-1)


class MiniCLIP(nn.Module):
    def __init__(self):
        super().__init__()
        self.image_tower = Tower(30)
        self.text_tower = Tower(18)
        self.logit_scale = nn.Parameter(torch.tensor(math.log(1 / 0.07)))

    def forward(self, images, texts):
        img, txt = self.image_tower(images), self.text_tower(texts)
        scale = self.logit_scale.exp().clamp(max=100)
        logits_per_image = scale * img @ txt.t()
        logits_per_text = logits_per_image.t()
        return logits_per_image, logits_per_text


def clip_loss(logits_per_image, logits_per_text):
    gt = torch.arange(len(logits_per_image), device=logits_per_image.device)
    return (F.cross_entropy(logits_per_image, gt) + F.cross_entropy(logits_per_text, gt)) / 2


def paired_data(n, w_img, w_txt):
    latent = torch.randn(n, 8)
    return latent @ w_img + 0.3 * torch.randn(n, 30), latent @ w_txt + 0.3 * torch.randn(n, 18)


@torch.no_grad()
def recall_at_1(model, images, texts):
    model.eval()
    li, lt = model(images, texts)
    gt = torch.arange(len(images))
    return (li.argmax(1) == gt).float().mean().item(), (lt.argmax(1) == gt).float().mean().item()


w_img, w_txt = torch.randn(8, 30), torch.randn(8, 18)
images, texts = paired_data(1000, w_img, w_txt)
val_images, val_texts = paired_data(200, w_img, w_txt)
model = MiniCLIP()
decay = [p for p in model.parameters() if p.ndim > 1]
no_decay = [p for p in model.parameters() if p.ndim <= 1]
optim = torch.optim.AdamW([{"params": decay, "weight_decay": 0.1}, {"params": no_decay, "weight_decay": 0.0}], lr=1e-3)
for epoch in range(10):
    model.train()
    for idx in torch.randperm(len(images)).split(100):
        loss = clip_loss(*model(images[idx], texts[idx]))
        optim.zero_grad()
        loss.backward()
        optim.step()
    i2t, t2i = recall_at_1(model, val_images, val_texts)
    print(f"epoch {epoch}: loss {loss.item():.3f} R@1 i2t {i2t:.3f} t2i {t2i:.3f}")
