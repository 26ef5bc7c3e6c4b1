"""LoRA through torch.nn.utils.parametrize: base weights frozen, only the low-rank factors and the new head learn,
then the adapters are merged and only the small part is saved."""
import io
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.utils import parametrize


class LoRA(nn.Module):
    def __init__(self, out_f, in_f, rank=4, alpha=8.0):
        super().__init__()
        self.A = nn.Parameter(torch.empty(rank, in_f))
        self.B = nn.Parameter(torch.zeros(out_f, rank))  # zero: the adapted layer starts equal to the base layer
        nn.init.normal_(self.A, std=in_f ** -0.5)
        self.scale = alpha / rank

    def forward(self, w):
        return w + self.scale * self.B @ self.A


def body(d_in=12, h=48):
    return nn.Sequential(nn.Linear(d_in, h), nn.GELU(), nn.Linear(h, h), nn.GELU())


class Classifier(nn.Module):
    def __init__(self, classes):
        super().__init__()
        self.body, self.head = body(), nn.Linear(48, classes)

    def forward(self, x):
        return self.head(self.body(x))


class World:
    """Two tasks that share a nonlinear latent code."""

    def __init__(self, seed):
        self.g = torch.Generator().manual_seed(seed)
        self.mix = torch.randn(12, 6, generator=self.g) / 3
        self.rule = {"source": torch.randn(6, 5, generator=self.g), "target": torch.randn(6, 3, generator=self.g)}

    def draw(self, task, n):
        x = torch.randn(n, 12, generator=self.g)
        code = torch.tanh(2 * x @ self.mix)
        if task == "target":
            code = code * torch.tensor([1.0, -1, 1, 0.5, 1, -0.5])
        return x, (code @ self.rule[task]).argmax(1)


def fit(model, data, params, lr, epochs):
    x, y = data
    opt = torch.optim.AdamW(params, lr=lr, weight_decay=0.0)
    for _ in range(epochs):
        model.train()
        for idx in torch.randperm(len(x)).split(50):
            opt.zero_grad()
            F.cross_entropy(model(x[idx]), y[idx]).backward()
            opt.step()


@torch.no_grad()
def acc(model, data):
    model.eval()
    return (model(data[0]).argmax(1) == data[1]).float().mean().item()


def main():
    torch.manual_seed(13)
    world = World(13)
    base = Classifier(5)
    fit(base, world.draw("source", 2000), base.parameters(), 3e-3, 8)
    print(f"source accuracy {acc(base, world.draw('source', 500)):.3f}")

    small, test = world.draw("target", 300), world.draw("target", 800)
    model = Classifier(3)
    model.body.load_state_dict(base.body.state_dict())
    model.body.requires_grad_(False)
    fit(model, small, model.head.parameters(), 5e-3, 15)
    print(f"target, head only {acc(model, test):.3f}")

    for layer in model.body:
        if isinstance(layer, nn.Linear):
            parametrize.register_parametrization(layer, "weight", LoRA(layer.out_features, layer.in_features))
    trainable = [p for p in model.parameters() if p.requires_grad]
    total = sum(p.numel() for p in model.parameters())
    before = model.body[0].parametrizations.weight.original.clone()
    fit(model, small, trainable, 5e-3, 15)
    assert torch.equal(before, model.body[0].parametrizations.weight.original)
    print(f"target, LoRA {acc(model, test):.3f} with {sum(p.numel() for p in trainable)}/{total} parameters trained")

    adapters = {k: v for k, v in model.state_dict().items() if k.startswith("head") or k.endswith((".A", ".B"))}
    buf = io.BytesIO()
    torch.save(adapters, buf)
    logits = model(test[0]).detach()
    for layer in model.body:
        if parametrize.is_parametrized(layer):
            parametrize.remove_parametrizations(layer, "weight", leave_parametrized=True)
    with torch.no_grad():
        torch.testing.assert_close(model(test[0]), logits, rtol=1e-4, atol=1e-5)
    print(f"merged; adapter file {buf.tell()} bytes")


if __name__ == "__main__":
    main()
