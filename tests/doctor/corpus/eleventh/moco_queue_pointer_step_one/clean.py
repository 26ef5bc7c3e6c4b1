import copy

import torch
from torch import nn
from torch.nn import functional as F

torch.manual_seed(8)


class MoCo(nn.Module):
    def __init__(self, dim=16, K=512, m=0.99, T=0.1):
        super().__init__()
        self.K, self.m, self.T = K, m, T
        self.encoder_q = nn.Sequential(nn.Linear(24, 48), nn.ReLU(), nn.Linear(48, dim))
        self.encoder_k = copy.deepcopy(self.encoder_q)
        for p in self.encoder_k.parameters():
            p.requires_grad_(False)
        self.register_buffer("queue", F.normalize(torch.randn(dim, K), dim=0))
        self.register_buffer("queue_ptr", torch.zeros(1, dtype=torch.long))

    @torch.no_grad()
    def _momentum_update(self):
        for q, k in zip(self.encoder_q.parameters(), self.encoder_k.parameters()):
            k.mul_(self.m).add_(q, alpha=1 - self.m)

    @torch.no_grad()
    def _dequeue_and_enqueue(self, keys):
        n = keys.shape[0]
        ptr = int(self.queue_ptr)
        slots = (ptr + torch.arange(n)) % self.K
        self.queue[:, slots] = keys.T
        self.queue_ptr[0] = (ptr + n) % self.K

    def forward(self, x_q, x_k):
        q = F.normalize(self.encoder_q(x_q), dim=1)
        with torch.no_grad():
            self._momentum_update()
            k = F.normalize(self.encoder_k(x_k), dim=1)
        l_pos = (q * k).sum(1, keepdim=True)
        l_neg = q @ self.queue.clone().detach()
        logits = torch.cat([l_pos, l_neg], dim=1) / self.T
        labels = torch.zeros(len(q), dtype=torch.long)
        self._dequeue_and_enqueue(k)
        return logits, labels


def two_crops(x):
    return x + 0.3 * torch.randn_like(x), x + 0.3 * torch.randn_like(x)


base = torch.randn(40, 24)
x = (base[:, None] + 0.4 * torch.randn(40, 20, 24)).reshape(-1, 24)
moco = MoCo()
opt = torch.optim.SGD(moco.encoder_q.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4)
for epoch in range(10):
    total, hits = 0.0, 0
    for idx in torch.randperm(len(x)).split(32):
        logits, labels = moco(*two_crops(x[idx]))
        loss = F.cross_entropy(logits, labels)
        opt.zero_grad()
        loss.backward()
        opt.step()
        total += loss.item() * len(idx)
        hits += (logits.argmax(1) == labels).sum().item()
    print(f"{epoch} loss {total / len(x):.3f} acc@1 {hits / len(x):.3f}")
