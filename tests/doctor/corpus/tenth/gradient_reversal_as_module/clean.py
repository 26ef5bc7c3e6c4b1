# domain-adversarial training, source = labelled, target = unlabelled
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(6)
ALPHA = 1.0


class GradReverse(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.view_as(x)

    @staticmethod
    def backward(ctx, grad_output):
        return -ALPHA * grad_output


grad_reverse = GradReverse.apply


def domain_data(n, domain):
    """Feature 0-3 carry the class, feature 4-7 only tell the domain."""
    y = torch.randint(0, 2, (n,))
    x = torch.randn(n, 8)
    x[:, :4] += (2 * y - 1).float().unsqueeze(1)
    x[:, 4:] += 1.5 if domain else -1.5
    return x, y


xs, ys = domain_data(600, 0)
xt, _ = domain_data(600, 1)
xs_test, ys_test = domain_data(300, 0)
xt_test, yt_test = domain_data(300, 1)

features = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 16))
classifier = nn.Linear(16, 2)
discriminator = nn.Sequential(nn.Linear(16, 32), nn.ReLU(), nn.Linear(32, 1))
params = [*features.parameters(), *classifier.parameters(), *discriminator.parameters()]
opt = torch.optim.Adam(params, lr=1e-3)

for epoch in range(15):
    for net in (features, classifier, discriminator):
        net.train()
    ps, pt = torch.randperm(600), torch.randperm(600)
    for i in range(0, 600, 60):
        a, b = ps[i:i + 60], pt[i:i + 60]
        z = features(torch.cat([xs[a], xt[b]]))
        cls_loss = F.cross_entropy(classifier(z[:60]), ys[a])
        dom_target = torch.cat([torch.zeros(60), torch.ones(60)])
        dom_loss = F.binary_cross_entropy_with_logits(discriminator(grad_reverse(z)).squeeze(1), dom_target)
        opt.zero_grad()
        (cls_loss + dom_loss).backward()
        opt.step()
    if epoch % 3 == 2:
        for net in (features, classifier, discriminator):
            net.eval()
        with torch.no_grad():
            zs, zt = features(xs_test), features(xt_test)
            acc_t = (classifier(zt).argmax(1) == yt_test).float().mean()
            dom = torch.cat([discriminator(zs) < 0, discriminator(zt) >= 0]).float().mean()
        print(f"epoch {epoch + 1} cls {cls_loss:.3f} dom {dom_loss:.3f} | target acc {acc_t:.3f} domain acc {dom:.3f}")
