"""Correct pieces of code that a check once took for a mistake; each must stay quiet."""

from __future__ import annotations

from textwrap import dedent

import pytest

from seedbed.doctor.finding import Severity
from seedbed.doctor.static.engine import check_text

HEAD = "import copy\nimport random\nimport torch\nimport torch.nn as nn\nimport torch.nn.functional as F\n"
# the check, what is correct about the code, the code
QUIET: list[tuple[str, str, str]] = [
    ("SB529", "an augmented assignment reads its target", """
        class Block(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(8, 8, 3, padding=1)

            def forward(self, x):
                y = self.conv(x)
                y += x
                return F.relu(y)
    """),
    ("SB529", "the value is read in the later lines of the statement that replaces it", """
        class Branches(nn.Module):
            def __init__(self):
                super().__init__()
                self.squeeze, self.one, self.two = nn.Linear(8, 4), nn.Linear(4, 4), nn.Linear(4, 4)

            def forward(self, x):
                y = self.squeeze(x)
                y = torch.cat([
                    self.one(y),
                    self.two(y),
                ], 1)
                return y
    """),
    ("SB215", "an encoding that is unpacked with ** moves itself", """
        def train(net, batches, optimizer, device):
            for batch in batches:
                batch.to(device)
                loss = net(**batch).loss
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
    """),
    ("SB215", "log() with arguments belongs to a tracker", """
        def report(state, values, step):
            state.log(values, step=step)
    """),
    ("SB215", "a list sorts itself", """
        def collect(parts, data):
            found = torch.cat(parts).tolist()
            found.sort()
            data.sort(key=len, reverse=True)
            return found, data
    """),
    ("SB215", "modules from named_modules() are moved in place", """
        def move(network, device):
            for name, data in network.named_modules():
                if name.startswith("head"):
                    data.to(device)
    """),
    ("SB215", "an instance of a class that is defined elsewhere is no output of it", """
        from mine import *
        encoder = EncoderRNN(100, 64)
        encoder.cuda()
    """),
    ("SB326", "statistics of the weights, without running averages", """
        class StandardConv(nn.Conv2d):
            def forward(self, x):
                rows = self.weight.reshape(1, self.out_channels, -1)
                weight = F.batch_norm(rows, None, None, training=True).reshape_as(self.weight)
                return F.conv2d(x, weight, self.bias)
    """),
    ("SB326", "samples folded into the channels: instance normalisation", """
        class PerSample(nn.Module):
            def forward(self, x):
                b, c, h, w = x.size()
                mean, var = self.mean.repeat(b), self.var.repeat(b)
                out = F.batch_norm(x.view(1, b * c, h, w), mean, var, self.scale, self.shift, True, 0.1, 1e-5)
                return out.view(b, c, h, w)
    """),
    ("SB310", "a Fréchet distance is better when it is lower", """
        def keep(self, fid_score):
            if self.best_fid > fid_score:
                self.best_fid = fid_score
                torch.save(self.net.state_dict(), "best.pt")
    """),
    ("SB423", "the inverse of a normalisation", """
        from torchvision import transforms
        undo = transforms.Normalize((-2.1, -2.0, -1.8), (4.4, 4.5, 4.4))
    """),
    ("SB113", "step(epoch) sets the place in the schedule", """
        net = nn.Linear(4, 2)
        optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
        schedule = torch.optim.lr_scheduler.MultiStepLR(optimizer, [5, 8])
        for epoch in range(1, 10):
            schedule.step(epoch)
            for x, y in loader:
                optimizer.zero_grad()
                F.cross_entropy(net(x), y).backward()
                optimizer.step()
    """),
    ("SB316", "dropout in a branch that only training takes", """
        class Net(nn.Module):
            def __init__(self, rate):
                super().__init__()
                self.rate, self.out = rate, nn.Linear(8, 2)

            def forward(self, x):
                if self.training and self.rate > 0:
                    x = F.dropout(x, p=self.rate)
                return self.out(x)
    """),
    ("SB314", "a loop that tries again with a smaller batch until it works", """
        def run(net, size):
            while size:
                try:
                    x = torch.randn(size, 8)
                    return net(x).mean()
                except RuntimeError:
                    size //= 2
    """),
    ("SB413", "two domains without pairs: one index is random", """
        from torch.utils.data import Dataset
        from torchvision import transforms

        class Unpaired(Dataset):
            def __init__(self, a, b):
                self.a, self.b = a, b
                self.change = transforms.Compose([transforms.RandomCrop(64), transforms.ToTensor()])

            def __getitem__(self, i):
                first = self.change(self.a[i])
                second = self.change(self.b[random.randint(0, len(self.b) - 1)])
                return first, second
    """),
    ("SB606", "the caller chooses strict", """
        def restore(net, path, strict=False):
            net.load_state_dict(torch.load(path), strict=strict)
    """),
    ("SB110 SB109", "two optimizers, one of which steps every few rounds with its own loss", """
        critic, maker = nn.Linear(8, 1), nn.Linear(4, 8)
        opt_c = torch.optim.RMSprop(critic.parameters(), lr=5e-5)
        opt_m = torch.optim.RMSprop(maker.parameters(), lr=5e-5)
        for i, (real, _) in enumerate(loader):
            opt_c.zero_grad()
            fake = maker(torch.randn(len(real), 4)).detach()
            loss_c = critic(fake).mean() - critic(real).mean()
            loss_c.backward()
            opt_c.step()
            opt_m.zero_grad()
            if i % 5 == 0:
                loss_m = -critic(maker(torch.randn(len(real), 4))).mean()
                loss_m.backward()
                opt_m.step()
    """),
    ("SB109", "the divisor is divided among the processes", """
        import os
        net = nn.Linear(4, 2)
        optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
        accumulation = 5 * 8
        if int(os.environ.get("RANK", -1)) != -1:
            accumulation //= int(os.environ["WORLD_SIZE"])
        for step in range(100):
            for micro in range(accumulation):
                x, y = next(batches)
                loss = F.cross_entropy(net(x), y) / accumulation
                loss.backward()
            optimizer.step()
            optimizer.zero_grad()
    """),
    ("SB204", "the sigmoid comes in one branch of the constructor", """
        class Judge(nn.Module):
            def __init__(self, wasserstein):
                super().__init__()
                self.body = nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 1))
                if not wasserstein:
                    self.body = nn.Sequential(self.body, nn.Sigmoid())

            def forward(self, x):
                return self.body(x)

        import sys
        judge = Judge("w" in sys.argv)
        loss = nn.BCELoss()(judge(torch.randn(4, 8)), torch.ones(4, 1))
        loss.backward()
    """),
    ("SB104", "a wrapped optimizer of a class chosen at run time", """
        from accelerate import Accelerator
        from accelerate.utils import DummyOptim
        accelerator = Accelerator(log_with="all") if tracked else Accelerator()
        net = nn.Linear(4, 2)
        kind = torch.optim.AdamW if accelerator.state.plugin is None else DummyOptim
        optimizer = kind(net.parameters(), lr=1e-3)
        net, optimizer, loader = accelerator.prepare(net, optimizer, loader)
        for x, y in loader:
            accelerator.backward(F.cross_entropy(net(x), y))
            optimizer.step()
            optimizer.zero_grad()
    """),
    ("SB303", "one sentence is classified: nothing worth a graph-free block", """
        def predict(text, model, words):
            model.eval()
            ids = torch.tensor([words[w] for w in text.split()])
            scores = model(ids.unsqueeze(0)).squeeze(0)
            return scores.argmax().item()

        model = nn.Sequential(nn.EmbeddingBag(100, 8), nn.Dropout(0.1), nn.Linear(8, 2))
        optimizer = torch.optim.Adam(model.parameters())
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(x), y).backward()
            optimizer.step()
        predict("good film", model, {"good": 1, "film": 2})
    """),
    ("SB301 SB303", "a GAN shows its pictures while it trains", """
        maker = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 8))
        judge = nn.Sequential(nn.Linear(8, 8), nn.Dropout(0.3), nn.Linear(8, 1))
        opt_m = torch.optim.Adam(maker.parameters(), 2e-4)
        opt_j = torch.optim.Adam(judge.parameters(), 2e-4)
        bce = nn.BCEWithLogitsLoss()
        fixed = torch.randn(16, 4)
        for real, _ in loader:
            one, zero = torch.ones(len(real), 1), torch.zeros(len(real), 1)
            fake = maker(torch.randn(len(real), 4))
            opt_j.zero_grad()
            (bce(judge(real), one) + bce(judge(fake.detach()), zero)).backward()
            opt_j.step()
            opt_m.zero_grad()
            bce(judge(fake), one).backward()
            opt_m.step()
            with torch.no_grad():
                pictures = maker(fixed)
    """),
    ("SB408", "frames in 0..255 that a policy divides each time it acts", """
        class Policy(nn.Module):
            def __init__(self):
                super().__init__()
                self.body = nn.Sequential(nn.Linear(16, 8), nn.ReLU(), nn.Linear(8, 4))

            def forward(self, x):
                return self.body(x / 255.0)

        policy = Policy()
        frames = env.reset()
        for _ in range(100):
            action = policy(torch.tensor(frames)).argmax(-1)
            frames, reward, done = env.step(action)
    """),
    ("SB507", "a head of zeros: its inputs differ, so it learns", """
        def start(layer, name):
            if isinstance(layer, nn.Linear):
                if name.startswith("head"):
                    nn.init.zeros_(layer.weight)
                else:
                    nn.init.xavier_uniform_(layer.weight)
    """),
    ("SB507", "a store in the shapes of the weights", """
        class Importance:
            def __init__(self, net):
                self.params = {n: p for n, p in net.named_parameters()}

            def empty(self):
                store = {}
                for n, p in copy.deepcopy(self.params).items():
                    p.data.zero_()
                    store[n] = p.data
                return store

        print(Importance(nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 2))).empty())
    """),
    ("SB223", "a class of the program that is called Transformer and makes its own masks", """
        class Transformer(nn.Module):
            def __init__(self, inner):
                super().__init__()
                self.inner, self.out = inner, nn.Linear(16, 5)

            def forward(self, source, target):
                return self.out(self.inner(source, target))

        net = Transformer(make())
        optimizer = torch.optim.Adam(net.parameters())
        for x, y, label in loader:
            optimizer.zero_grad()
            nn.CrossEntropyLoss()(net(x, y), label).backward()
            optimizer.step()
    """),
    ("SB603", "a gradient moved towards its running average", """
        @torch.no_grad()
        def update(p, grad, momentum_buffer, momentum=0.95):
            momentum_buffer.lerp_(grad, 1 - momentum)
            p.add_(grad.lerp_(momentum_buffer, momentum), alpha=-0.02)
    """),
    ("SB603", "a standard normal number, scaled and shifted", """
        def fill(weight):
            weight.normal_()
            weight.mul_(0.02).add_(0.0)
    """),
    ("SB517", "the weights of an attention, mixed over the heads before and after", """
        class Mixed(nn.Module):
            def __init__(self):
                super().__init__()
                self.before, self.after = nn.Linear(4, 4), nn.Linear(4, 4)

            def forward(self, q, k, v):
                scores = self.before((q @ k.transpose(-2, -1)).permute(0, 2, 3, 1))
                return self.after(scores.softmax(dim=2)).permute(0, 3, 1, 2) @ v

        Mixed()(torch.randn(2, 4, 6, 8), torch.randn(2, 4, 6, 8), torch.randn(2, 4, 6, 8))
    """),
    ("SB506", "weights that are normalised whenever they are used", """
        class UnitRows(nn.Module):
            def __init__(self):
                super().__init__()
                self.weight = nn.Parameter(torch.randn(256, 128))

            def forward(self, x):
                return F.linear(x, F.normalize(self.weight, dim=1))

        UnitRows()(torch.randn(4, 128))
    """),
    ("SB224", "a label that is given to the maker and asked of the judge", """
        class Maker(nn.Module):
            def __init__(self):
                super().__init__()
                self.name, self.out = nn.Embedding(10, 16), nn.Linear(16, 32)

            def forward(self, noise, label):
                return self.out(noise * self.name(label))

        maker, judge = Maker(), nn.Linear(32, 10)
        optimizer = torch.optim.Adam(maker.parameters())
        for _ in range(100):
            label = torch.randint(0, 10, (64,))
            optimizer.zero_grad()
            nn.CrossEntropyLoss()(judge(maker(torch.randn(64, 16), label)), label).backward()
            optimizer.step()
    """),
    ("SB118", "a target network whose output is detached", """
        class Value(nn.Module):
            def __init__(self):
                super().__init__()
                self.first, self.second = nn.Linear(4, 8), nn.Linear(8, 1)

            def forward(self, x):
                return self.second(F.relu(self.first(x)))

        value, target = Value(), Value()
        optimizer = torch.optim.Adam(value.parameters())
        for x, after, reward in loader:
            expected = reward + 0.9 * target(after)
            loss = F.mse_loss(value(x), expected.detach())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    """),
    ("SB128", "old samples are kept as data and detached where they are used", """
        class History:
            def __init__(self):
                self.kept = []

            def exchange(self, batch):
                for one in batch.data:
                    self.kept.append(one.unsqueeze(0))
                return torch.cat(self.kept[-8:])

        maker, judge, history = nn.Linear(4, 8), nn.Linear(8, 1), History()
        optimizer = torch.optim.Adam(judge.parameters())
        for _ in range(100):
            fake = history.exchange(maker(torch.randn(8, 4)))
            optimizer.zero_grad()
            judge(fake.detach()).mean().backward()
            optimizer.step()
    """),
    ("SB216", "losses kept for backward() after the loop", """
        net = nn.Linear(4, 1)
        losses = []
        for x, y in loader:
            losses.append(F.mse_loss(net(x), y))
        for loss in losses:
            loss.backward()
    """),
    ("SB426", "a few pictures of a held-out batch now and then", """
        net = nn.Linear(8, 8)
        optimizer = torch.optim.Adam(net.parameters())

        def show(done):
            x, _ = next(iter(test_loader))
            save_image(net(x), f"{done}.png")

        for i, (x, y) in enumerate(train_loader):
            optimizer.zero_grad()
            F.mse_loss(net(x), y).backward()
            optimizer.step()
            if i % 100 == 0:
                show(i)
    """),
    ("SB309", "targets that are called valid are no validation data", """
        def show(batches):
            net.eval()
            save_image(net(next(iter(val_loader))[0]), "shown.png")
            net.train()

        net, judge = nn.Linear(8, 8), nn.Linear(8, 1)
        optimizer = torch.optim.Adam(net.parameters())
        for i, (x, _) in enumerate(train_loader):
            valid = torch.ones(len(x), 1)
            optimizer.zero_grad()
            F.mse_loss(judge(net(x)), valid).backward()
            optimizer.step()
            show(i)
    """),
    ("SB108", "the branch without a scaler clips what it has", """
        net = nn.Linear(4, 2)
        optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
        scaler = torch.amp.GradScaler()
        for x, y in loader:
            loss = F.cross_entropy(net(x), y)
            optimizer.zero_grad()
            if mixed:
                scaler.scale(loss).backward()
                scaler.step(optimizer)
                scaler.update()
            else:
                loss.backward()
                nn.utils.clip_grad_norm_(net.parameters(), 1.0)
                optimizer.step()
    """),
    ("SB508", "a layer of a library that its users may initialise", """
        class Gate(nn.Module):
            def __init__(self, width):
                super().__init__()
                self.up = nn.Linear(width, width)

            def init_weights(self):
                nn.init.normal_(self.up.weight, std=1e-6)

            def forward(self, x):
                return x * self.up(x)

        class Stack(nn.Module):
            def __init__(self):
                super().__init__()
                self.gate = Gate(8)
    """),
    ("SB602", "a number of channels from a function of timm", """
        from timm.layers import make_divisible

        class Stages(nn.Module):
            def __init__(self, widths):
                super().__init__()
                prev_chs = 16
                parts = []
                for width in widths:
                    out_chs = make_divisible(width, 8)
                    parts.append(nn.Conv2d(prev_chs, out_chs, 3))
                    prev_chs = out_chs
                self.parts = nn.Sequential(*parts)
    """),
    ("SB138", "two networks, both clipped, then two steps", """
        front, back = nn.Linear(4, 8), nn.Linear(8, 2)
        opt_front = torch.optim.Adam(front.parameters())
        opt_back = torch.optim.Adam(back.parameters())
        for x, y in loader:
            opt_front.zero_grad()
            opt_back.zero_grad()
            F.cross_entropy(back(front(x)), y).backward()
            nn.utils.clip_grad_norm_(front.parameters(), 1.0)
            nn.utils.clip_grad_norm_(back.parameters(), 1.0)
            opt_front.step()
            opt_back.step()
    """),
    ("SB603", "a target network that starts as a plain copy", """
        def follow(net, target, rate=0.01):
            for old, new in zip(target.parameters(), net.parameters()):
                old.data.copy_(old.data * (1.0 - rate) + new.data * rate)

        net, target = nn.Linear(4, 2), nn.Linear(4, 2)
        follow(net, target, rate=1.0)
    """),
    ("SB701", "numpy draws in worker processes only, which are seeded from the seed of torch", """
        import numpy as np
        from torch.utils.data import DataLoader, Dataset

        class Shifted(Dataset):
            def __init__(self, waves):
                self.waves = waves

            def __len__(self):
                return len(self.waves)

            def __getitem__(self, i):
                return torch.tensor(np.roll(self.waves[i], np.random.randint(-5, 6))), i % 2

        def seed_worker(number):
            seed = torch.initial_seed() % 2**32
            np.random.seed(seed)
            random.seed(seed)

        torch.manual_seed(0)
        loader = DataLoader(Shifted(np.ones((64, 16), dtype="float32")), 8, num_workers=2, worker_init_fn=seed_worker)
        net = nn.Linear(16, 2)
        opt = torch.optim.Adam(net.parameters())
        for x, y in loader:
            opt.zero_grad()
            F.cross_entropy(net(x), y).backward()
            opt.step()
    """),
]  # fmt: skip


@pytest.mark.parametrize(("codes", "reason", "code"), QUIET, ids=[f"{c[:5]}-{r}" for c, r, _ in QUIET])
def test_a_correct_piece_is_quiet(codes: str, reason: str, code: str) -> None:
    found = check_text(HEAD + dedent(code), strict=True)
    assert [(f.code, f.line, f.title) for f in found if f.severity >= Severity.WARNING and f.code in codes] == [], (
        reason
    )
