import torch
from torch import nn


class CrossAttention(nn.Module):
    def __init__(self, q_dim, kv_dim, head_dim=64):
        super().__init__()
        self.scale = head_dim ** -0.5
        self.q = nn.Linear(q_dim, head_dim)
        self.k = nn.Linear(kv_dim, head_dim)
        self.v = nn.Linear(kv_dim, head_dim)
        self.proj = nn.Linear(head_dim, q_dim)

    def forward(self, latents, inputs):
        q, k, v = self.q(latents), self.k(inputs), self.v(inputs)
        attention = (q @ k.transpose(-2, -1)) * self.scale
        return self.proj(attention.softmax(dim=-1) @ v)


class SetPerceiver(nn.Module):
    def __init__(self, in_dim=8, num_latents=4, latent_dim=32, n_out=3):
        super().__init__()
        self.latents = nn.Parameter(0.5 * torch.randn(num_latents, latent_dim))
        self.norm_in = nn.LayerNorm(in_dim)
        self.norm_lat = nn.LayerNorm(latent_dim)
        self.cross = CrossAttention(latent_dim, in_dim)
        self.mlp = nn.Sequential(nn.LayerNorm(latent_dim), nn.Linear(latent_dim, 64), nn.GELU(), nn.Linear(64, latent_dim))
        self.head = nn.Linear(latent_dim, n_out)

    def forward(self, x):
        z = self.latents.expand(x.size(0), -1, -1)
        z = z + self.cross(self.norm_lat(z), self.norm_in(x))
        z = z + self.mlp(z)
        return self.head(z.mean(dim=1))


def main():
    torch.manual_seed(19)
    sets = torch.randn(900, 15, 8)
    labels = sets.mean(dim=1)[:, :3].argmax(dim=1)
    model = SetPerceiver()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    criterion = nn.CrossEntropyLoss()
    for epoch in range(6):
        model.train()
        for idx in torch.randperm(700).split(35):
            optimizer.zero_grad()
            loss = criterion(model(sets[idx]), labels[idx])
            loss.backward()
            optimizer.step()
        model.eval()
        with torch.no_grad():
            acc = (model(sets[700:]).argmax(1) == labels[700:]).float().mean().item()
        print(f"epoch {epoch}: loss {loss.item():.4f} val acc {acc:.3f}")


if __name__ == "__main__":
    main()
