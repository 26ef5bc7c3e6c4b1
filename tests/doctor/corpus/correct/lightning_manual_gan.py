"""Lightning with manual optimisation: an adversarial autoencoder, three optimizers, toggled, with logged validation reconstruction."""
import logging
import warnings

import lightning as L
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split

warnings.filterwarnings("ignore", ".*does not have many workers.*")
logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)


def mlp(*w):
    layers = []
    for a, b in zip(w[:-1], w[1:]):
        layers += [nn.Linear(a, b), nn.LeakyReLU(0.2)]
    return nn.Sequential(*layers[:-1])


class Digits(L.LightningDataModule):
    def setup(self, stage):
        X, _ = load_digits(return_X_y=True)
        ds = TensorDataset(torch.tensor(X / 16, dtype=torch.float32))
        self.train, self.val = random_split(ds, [1400, len(ds) - 1400], torch.Generator().manual_seed(0))

    def train_dataloader(self):
        return DataLoader(self.train, 100, shuffle=True)

    def val_dataloader(self):
        return DataLoader(self.val, 200)


class AAE(L.LightningModule):
    def __init__(self, z=4, lr=2e-3):
        super().__init__()
        self.save_hyperparameters()
        self.automatic_optimization = False
        self.enc, self.dec, self.disc = mlp(64, 64, z), mlp(z, 64, 64), mlp(z, 32, 1)

    def configure_optimizers(self):
        lr = self.hparams.lr
        return (
            torch.optim.Adam([*self.enc.parameters(), *self.dec.parameters()], lr=lr),
            torch.optim.Adam(self.disc.parameters(), lr=lr, betas=(0.5, 0.999)),
            torch.optim.Adam(self.enc.parameters(), lr=lr / 4, betas=(0.5, 0.999)),  # the encoder has two optimizers, as in the paper
        )

    def _update(self, opt, loss):
        opt.zero_grad()
        self.manual_backward(loss)
        opt.step()
        return loss.detach()

    def bce(self, code, real):
        s = self.disc(code)
        return F.binary_cross_entropy_with_logits(s, torch.full_like(s, float(real)))

    def training_step(self, batch, batch_idx):
        (x,) = batch
        o_rec, o_disc, o_gen = self.optimizers()
        rec = self._update(o_rec, F.mse_loss(self.dec(self.enc(x)), x))

        self.toggle_optimizer(o_disc)
        prior = torch.randn(len(x), self.hparams.z, device=self.device)
        d = self._update(o_disc, 0.5 * (self.bce(prior, True) + self.bce(self.enc(x).detach(), False)))
        self.untoggle_optimizer(o_disc)

        self.toggle_optimizer(o_gen)
        g = self._update(o_gen, self.bce(self.enc(x), True))
        self.untoggle_optimizer(o_gen)
        self.log_dict({"rec": rec, "disc": d, "gen": g}, on_step=False, on_epoch=True)
        # nothing is returned: Lightning must not call backward itself

    def validation_step(self, batch, batch_idx):  # Lightning switches to eval mode and no_grad around it
        (x,) = batch
        code = self.enc(x)
        self.log("val_rec", F.mse_loss(self.dec(code), x), batch_size=len(x))
        self.log("val_code_power", code.square().mean(), batch_size=len(x))


class Echo(L.Callback):
    def on_train_epoch_end(self, trainer, module):
        print(trainer.current_epoch, {k: round(v.item(), 4) for k, v in trainer.callback_metrics.items()})


if __name__ == "__main__":
    L.seed_everything(0, verbose=False)
    trainer = L.Trainer(max_epochs=4, accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False,
                        enable_model_summary=False, num_sanity_val_steps=0, callbacks=[Echo()])
    trainer.fit(AAE(), datamodule=Digits())
