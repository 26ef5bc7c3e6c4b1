"""A very small ViT on generated colour images (which of four 4x4 textures is hidden in the noise?)."""
import torch
import torch.nn as nn
import torch.nn.functional as F


class PatchEmbed(nn.Module):
    def __init__(self, img_size=16, patch=4, in_ch=3, dim=32):
        super().__init__()
        self.patch = patch
        self.n_patches = (img_size // patch) ** 2
        self.proj = nn.Linear(in_ch * patch * patch, dim)

    def forward(self, img):
        b, c, h, w = img.shape
        p = self.patch
        patches = img.view(b, c, h // p, p, w // p, p).permute(0, 2, 4, 1, 3, 5)
        patches = patches.reshape(b, self.n_patches, c * p * p)
        return self.proj(patches)


class MiniViT(nn.Module):
    def __init__(self, n_classes, dim=32, heads=4):
        super().__init__()
        self.embed = PatchEmbed(dim=dim)
        self.pos = nn.Parameter(torch.randn(1, self.embed.n_patches, dim) * 0.02)
        self.norm1 = nn.LayerNorm(dim)
        self.attn = nn.MultiheadAttention(dim, heads, batch_first=True)
        self.norm2 = nn.LayerNorm(dim)
        self.mlp = nn.Sequential(nn.Linear(dim, 2 * dim), nn.GELU(), nn.Linear(2 * dim, dim))
        self.head = nn.Linear(dim, n_classes)

    def forward(self, img):
        x = self.embed(img) + self.pos
        y = self.norm1(x)
        x = x + self.attn(y, y, y, need_weights=False)[0]
        x = x + self.mlp(self.norm2(x))
        return self.head(x.mean(dim=1))


def make_images(n, textures, gen):
    imgs = 0.5 * torch.randn(n, 3, 16, 16, generator=gen)
    labels = torch.randint(0, len(textures), (n,), generator=gen)
    cells = torch.randint(0, 4, (n, 2), generator=gen)
    for i in range(n):
        r, c = (4 * cells[i]).tolist()
        imgs[i, :, r:r + 4, c:c + 4] += textures[labels[i]]
    return imgs, labels


gen = torch.Generator().manual_seed(8)
torch.manual_seed(8)
textures = torch.randn(4, 3, 4, 4, generator=gen).sign()
x_train, y_train = make_images(1200, textures, gen)
x_test, y_test = make_images(300, textures, gen)

vit = MiniViT(n_classes=4)
optim = torch.optim.AdamW(vit.parameters(), lr=2e-3, weight_decay=0.01)
for epoch in range(8):
    vit.train()
    for idx in torch.randperm(len(x_train)).split(60):
        optim.zero_grad()
        loss = F.cross_entropy(vit(x_train[idx]), y_train[idx])
        loss.backward()
        optim.step()
    vit.eval()
    with torch.no_grad():
        acc = (vit(x_test).argmax(1) == y_test).float().mean()
    print(f"epoch {epoch}: loss {loss.item():.3f}, test accuracy {acc:.3f}")
