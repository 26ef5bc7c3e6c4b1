"""Masked autoencoder on 1-D signals: encode the visible patches, reconstruct the hidden ones, probe the encoder."""
import math

import torch
import torch.nn.functional as F
from torch import nn

PATCHES, PATCH, DIM, HIDDEN = 12, 8, 32, 7


def layer():
    return nn.TransformerEncoderLayer(DIM, 4, 64, dropout=0.0, batch_first=True, norm_first=True)


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Linear(PATCH, DIM)
        self.pos = nn.Parameter(0.02 * torch.randn(PATCHES, DIM))
        self.block = layer()
        self.norm = nn.LayerNorm(DIM)

    def forward(self, patches, index):
        return self.norm(self.block(self.embed(patches) + self.pos[index]))


class Decoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.mask_token = nn.Parameter(0.02 * torch.randn(DIM))
        self.pos = nn.Parameter(0.02 * torch.randn(PATCHES, DIM))
        self.block = layer()
        self.out = nn.Linear(DIM, PATCH)

    def forward(self, latent, seen, hidden):
        visible = latent + self.pos[seen]
        queries = self.mask_token + self.pos[hidden]
        decoded = self.block(torch.cat([visible, queries], dim=1))
        return self.out(decoded[:, visible.size(1):])


def take(tokens, index):
    return tokens.gather(1, index.unsqueeze(-1).expand(-1, -1, tokens.size(-1)))


def signals(n, gen):
    """Class = frequency band; phase and amplitude are nuisances."""
    y = torch.randint(0, 4, (n,), generator=gen)
    t = torch.arange(PATCHES * PATCH) / PATCH
    freq = 0.6 + 0.35 * y + 0.1 * torch.rand(n, generator=gen)
    phase = math.tau * torch.rand(n, generator=gen)
    amplitude = 0.7 + 0.6 * torch.rand(n, generator=gen)
    wave = amplitude[:, None] * torch.sin(freq[:, None] * t + phase[:, None])
    wave = wave + 0.1 * torch.randn(wave.shape, generator=gen)
    return wave.view(n, PATCHES, PATCH), y


def probe(encoder, train, test):
    """Linear probe on frozen, mean-pooled features."""
    encoder.eval()
    everything = torch.arange(PATCHES)
    with torch.no_grad():
        f_train, f_test = (encoder(x, everything).mean(dim=1) for x, _ in (train, test))
    head = nn.Linear(DIM, 4)
    opt = torch.optim.Adam(head.parameters(), lr=0.03)
    for _ in range(150):
        opt.zero_grad()
        F.cross_entropy(head(f_train), train[1]).backward()
        opt.step()
    with torch.no_grad():
        return (head(f_test).argmax(dim=1) == test[1]).float().mean().item()


def main():
    torch.manual_seed(16)
    gen = torch.Generator().manual_seed(16)
    unlabelled, _ = signals(1000, gen)
    labelled, test = signals(200, gen), signals(400, gen)
    encoder, decoder = Encoder(), Decoder()
    print(f"probe on the random encoder {probe(encoder, labelled, test):.3f}")

    opt = torch.optim.AdamW([*encoder.parameters(), *decoder.parameters()], lr=5e-3, weight_decay=0.02)
    for epoch in range(9):
        encoder.train()
        decoder.train()
        total = 0.0
        for idx in torch.randperm(len(unlabelled)).split(50):
            x = unlabelled[idx]
            order = torch.rand(len(x), PATCHES).argsort(dim=1)
            hidden, seen = order[:, :HIDDEN], order[:, HIDDEN:]
            guess = decoder(encoder(take(x, seen), seen), seen, hidden)
            loss = F.mse_loss(guess, take(x, hidden))
            opt.zero_grad()
            loss.backward()
            opt.step()
            total += loss.item() * len(x)
        if epoch % 3 == 2:
            print(f"epoch {epoch + 1}: error on hidden patches {total / len(unlabelled):.4f}")
    print(f"probe after pretraining {probe(encoder, labelled, test):.3f}")


if __name__ == "__main__":
    main()
