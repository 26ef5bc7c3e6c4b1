# Momentum contrast on short synthetic waveforms; follows the pseudo-code of He et al. (2020)
import math
import torch
import torch.nn as nn
import torch.nn.functional as F


def waves(n, seed):
    g = torch.Generator().manual_seed(seed)
    y = torch.randint(0, 6, (n,), generator=g)
    t = torch.linspace(0, 1, 48)
    f = (2 + 1.5 * (y % 3).float())[:, None]
    ph = 2 * math.pi * torch.rand(n, 1, generator=g)
    s = torch.sin(2 * math.pi * f * t + ph)
    s = torch.where((y >= 3)[:, None], s.sign() * 0.8, s)
    return (s + 0.1 * torch.randn(n, 48, generator=g))[:, None], y


def crop_jitter(x, length=40):
    off = torch.randint(0, x.size(-1) - length + 1, (x.size(0), 1))
    x = x[:, 0].gather(1, off + torch.arange(length))[:, None]
    gain = 0.6 + 0.8 * torch.rand(x.size(0), 1, 1)
    flip = torch.where(torch.rand(x.size(0), 1, 1) < 0.5, -1.0, 1.0)
    return x * gain * flip + 0.05 * torch.randn_like(x)


def encoder(dim=32):
    # group norm: nothing leaks between the samples of a batch, so no shuffling of the keys is needed
    return nn.Sequential(nn.Conv1d(1, 16, 5, 2, 2), nn.GroupNorm(4, 16), nn.ReLU(),
                         nn.Conv1d(16, 32, 5, 2, 2), nn.GroupNorm(4, 32), nn.ReLU(),
                         nn.AdaptiveAvgPool1d(2), nn.Flatten(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, dim))


class MoCo(nn.Module):
    def __init__(self, dim=32, K=512, m=0.99, T=0.1):
        super().__init__()
        self.K, self.m, self.T = K, m, T
        self.encoder_q, self.encoder_k = encoder(dim), encoder(dim)
        for pq, pk in zip(self.encoder_q.parameters(), self.encoder_k.parameters()):
            pk.data.copy_(pq.data)
            pk.requires_grad = False
        self.register_buffer("queue", F.normalize(torch.randn(dim, K), dim=0))
        self.register_buffer("queue_ptr", torch.zeros(1, dtype=torch.long))

    @torch.no_grad()
    def _momentum_update_key_encoder(self):
        for pq, pk in zip(self.encoder_q.parameters(), self.encoder_k.parameters()):
            pk.data = pk.data * self.m + pq.data * (1.0 - self.m)

    @torch.no_grad()
    def _dequeue_and_enqueue(self, keys):
        b, ptr = keys.shape[0], int(self.queue_ptr)
        assert self.K % b == 0
        self.queue[:, ptr:ptr + b] = keys.T
        self.queue_ptr[0] = (ptr + b) % self.K

    def forward(self, im_q, im_k):
        q = F.normalize(self.encoder_q(im_q), dim=1)
        with torch.no_grad():
            self._momentum_update_key_encoder()
            k = F.normalize(self.encoder_k(im_k), dim=1)
        l_pos = torch.einsum("nc,nc->n", [q, k]).unsqueeze(-1)
        l_neg = torch.einsum("nc,ck->nk", [q, self.queue.clone().detach()])
        logits = torch.cat([l_pos, l_neg], dim=1) / self.T
        labels = torch.zeros(logits.shape[0], dtype=torch.long)
        self._dequeue_and_enqueue(k)
        return logits, labels


@torch.no_grad()
def centroid_accuracy(net, xtr, ytr, xte, yte):
    net.eval()
    ctr = lambda x: x[..., 4:44]
    a, b = F.normalize(net(ctr(xtr)), dim=1), F.normalize(net(ctr(xte)), dim=1)
    net.train()
    c = torch.stack([a[ytr == j].mean(0) for j in range(6)])
    return (torch.cdist(b, c).argmin(1) == yte).float().mean().item()


torch.manual_seed(0)
xtr, ytr = waves(1024, 1)
xte, yte = waves(400, 2)
moco = MoCo()
print(f"nearest centroid before: {centroid_accuracy(moco.encoder_q, xtr, ytr, xte, yte):.3f}")
optimizer = torch.optim.SGD(moco.encoder_q.parameters(), lr=0.06, momentum=0.9, weight_decay=1e-4)
epochs, bs = 12, 64
for epoch in range(epochs):
    lr = 0.06 * 0.5 * (1 + math.cos(math.pi * epoch / epochs))
    for pg in optimizer.param_groups:
        pg["lr"] = lr
    tot = hit = 0
    for idx in torch.randperm(len(xtr)).split(bs):
        logits, labels = moco(crop_jitter(xtr[idx]), crop_jitter(xtr[idx]))
        loss = F.cross_entropy(logits, labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        tot += loss.item() * len(idx)
        hit += (logits.argmax(1) == labels).sum().item()
    if epoch % 4 == 3:
        print(f"epoch {epoch + 1} lr {lr:.4f} loss {tot / len(xtr):.3f} acc@1 {hit / len(xtr):.3f}")
print(f"nearest centroid after:  {centroid_accuracy(moco.encoder_q, xtr, ytr, xte, yte):.3f}")
