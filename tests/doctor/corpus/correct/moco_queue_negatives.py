import torch
import torch.nn as nn
import torch.nn.functional as F


class MoCo(nn.Module):
    """Query encoder by gradient, key encoder by momentum, negatives from a queue."""

    def __init__(self, make_encoder, dim=16, K=256, m=0.99, T=0.2):
        super().__init__()
        self.K, self.m, self.T = K, m, T
        self.encoder_q = make_encoder(dim)
        self.encoder_k = make_encoder(dim)
        self.encoder_k.load_state_dict(self.encoder_q.state_dict())
        self.encoder_k.requires_grad_(False)
        self.register_buffer("queue", F.normalize(torch.randn(dim, K), dim=0))
        self.register_buffer("ptr", torch.zeros(1, dtype=torch.long))

    @torch.no_grad()
    def _momentum_update(self):
        for q, k in zip(self.encoder_q.parameters(), self.encoder_k.parameters()):
            k.data = k.data * self.m + q.data * (1.0 - self.m)

    @torch.no_grad()
    def _enqueue(self, keys):
        n = keys.shape[0]
        at = int(self.ptr)
        self.queue[:, at:at + n] = keys.T
        self.ptr[0] = (at + n) % self.K

    def forward(self, im_q, im_k):
        q = F.normalize(self.encoder_q(im_q), dim=1)
        with torch.no_grad():
            self._momentum_update()
            k = F.normalize(self.encoder_k(im_k), dim=1)
        l_pos = torch.einsum("nc,nc->n", q, k).unsqueeze(-1)
        l_neg = torch.einsum("nc,ck->nk", q, self.queue.clone().detach())
        logits = torch.cat([l_pos, l_neg], dim=1) / self.T
        labels = torch.zeros(logits.shape[0], dtype=torch.long)
        self._enqueue(k)
        return logits, labels


def encoder(dim):
    return nn.Sequential(nn.Linear(24, 48), nn.LayerNorm(48), nn.GELU(), nn.Linear(48, dim))


def two_views(x):
    def view():
        keep = torch.bernoulli(torch.full_like(x, 0.8))
        return x * keep + torch.randn_like(x) * 0.05

    return view(), view()


def train(model, loader, epochs=2):
    criterion = nn.CrossEntropyLoss()
    trainable = [p for p in model.parameters() if p.requires_grad]
    opt = torch.optim.SGD(trainable, lr=0.03, momentum=0.9, weight_decay=1e-4)
    for ep in range(epochs):
        model.train()
        correct = seen = 0
        for (x,) in loader:
            q, k = two_views(x)
            logits, labels = model(q, k)
            loss = criterion(logits, labels)
            opt.zero_grad()
            loss.backward()
            opt.step()
            correct += (logits.argmax(1) == labels).sum().item()
            seen += labels.numel()
        print(f"epoch {ep} contrast acc {correct / seen:.3f}")


if __name__ == "__main__":
    torch.manual_seed(0)
    base = torch.randn(12, 24)
    which = torch.randint(0, 12, (640,))
    x = base[which] + 0.3 * torch.randn(640, 24)
    ds = torch.utils.data.TensorDataset(x)
    loader = torch.utils.data.DataLoader(ds, batch_size=64, shuffle=True, drop_last=True)
    train(MoCo(encoder), loader)
